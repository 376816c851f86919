package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/test/network/task"
)

// pgxCommands does a bit of everything on one connection: a URL, or settings.
func pgxCommands(ctx context.Context, r *task.Report, args []string) error {
	conn, err := pgx.Connect(ctx, args[0])
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `DROP TABLE IF EXISTS items; CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, data bytea, at timestamptz)`)
	if err != nil {
		return err
	}
	rows := make([][]any, 5000)
	for i := range rows {
		rows[i] = []any{i, fmt.Sprint("item ", i), make([]byte, i%300), time.Unix(int64(i), 0)}
	}
	n, err := conn.CopyFrom(ctx, pgx.Identifier{"items"}, []string{"id", "name", "data", "at"}, pgx.CopyFromRows(rows))
	r.Addf("copy: %d, %v", n, err)

	batch := new(pgx.Batch)
	for i := range 50 {
		batch.Queue(`UPDATE items SET name = name || $1 WHERE id = $2`, "!", i)
	}
	r.Addf("batch: %v", conn.SendBatch(ctx, batch).Close())
	type item struct {
		ID   int
		Name string
		At   time.Time
	}
	found, err := conn.Query(ctx, `SELECT id, name, at FROM items WHERE id BETWEEN $1 AND $2 ORDER BY id`, 48, 51)
	if err != nil {
		return err
	}
	items, err := pgx.CollectRows(found, pgx.RowToStructByName[item])
	for _, it := range items {
		r.Addf("item: %d %q %s", it.ID, it.Name, it.At.UTC().Format(time.RFC3339))
	}
	r.Addf("query: %v", err)
	all, err := conn.Query(ctx, `SELECT id, name, data FROM items ORDER BY id`)
	if err != nil {
		return err
	}
	var bytes int
	for all.Next() {
		var id int
		var name string
		var data []byte
		if err := all.Scan(&id, &name, &data); err != nil {
			return err
		}
		bytes += len(data)
	}
	r.Addf("all: %d bytes, %v", bytes, all.Err())

	_, err = conn.Exec(ctx, `INSERT INTO items VALUES (1, 'again')`)
	failure, _ := errors.AsType[*pgconn.PgError](err)
	r.Addf("twice: %v, code %s", err, failure.Code)
	stop := errors.New("stop")
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM items`); err != nil {
			return err
		}
		return stop
	})
	var left int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM items`).Scan(&left); err != nil {
		return err
	}
	r.Addf("rolled back: %v, %d left", err, left)
	err = conn.QueryRow(ctx, `SELECT id FROM items WHERE id = -1`).Scan(&left)
	r.Addf("no row: %v", err)
	return nil
}

// pgxPool has many goroutines use one pool.
func pgxPool(ctx context.Context, r *task.Report, args []string) error {
	config, err := pgxpool.ParseConfig(args[0])
	if err != nil {
		return err
	}
	config.MaxConns, config.MinConns, config.HealthCheckPeriod = 8, 2, 50*time.Millisecond
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	var sum atomic.Int64
	group, groupCtx := errgroup.WithContext(ctx)
	for i := range 30 {
		group.Go(func() error {
			for j := range 10 {
				var n int64
				if err := pool.QueryRow(groupCtx, `SELECT $1::int + $2::int`, i, j).Scan(&n); err != nil {
					return err
				}
				sum.Add(n)
			}
			return nil
		})
	}
	err = group.Wait()
	r.Addf("30 goroutines: sum %d, %v, at most 8 connections: %t", sum.Load(), err, pool.Stat().TotalConns() <= 8)
	return nil
}

// pgxNotify has one connection hear of what another says.
func pgxNotify(ctx context.Context, r *task.Report, args []string) error {
	listener, err := pgx.Connect(ctx, args[0])
	if err != nil {
		return err
	}
	defer listener.Close(ctx)
	if _, err := listener.Exec(ctx, `LISTEN news`); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	_, err = listener.WaitForNotification(waiting)
	cancel()
	r.Addf("nothing: %s, closed: %t", task.Kind(err), listener.IsClosed())
	speaker, err := pgx.Connect(ctx, args[0])
	if err != nil {
		return err
	}
	defer speaker.Close(ctx)
	failed := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() {
		_, err := speaker.Exec(ctx, `SELECT pg_notify('news', 'first')`)
		failed <- err
	})
	n, err := listener.WaitForNotification(ctx)
	if err != nil {
		return err
	}
	r.Addf("notification: %s %s, %v", n.Channel, n.Payload, <-failed)
	return nil
}

// pgxCancel gives up a query that takes long.
func pgxCancel(ctx context.Context, r *task.Report, args []string) error {
	pool, err := pgxpool.New(ctx, args[0])
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil { // so that it is the query that is given up, and not the connection
		return err
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = pool.Exec(short, `SELECT pg_sleep(60)`)
	r.Addf("given up: %s, soon: %t", task.Kind(err), time.Since(start) < 30*time.Second)
	var one int
	err = pool.QueryRow(ctx, `SELECT 1`).Scan(&one)
	r.Addf("afterwards: %d, %v", one, err)
	return nil
}

// pgxFail connects to what is no database, or lets nobody in.
func pgxFail(ctx context.Context, r *task.Report, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, args[0])
	if err == nil {
		conn.Close(ctx)
	}
	r.Failure("connect", err)
	return nil
}
