package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/test/network/task"
)

// sqlCommands uses a database by way of database/sql.
func sqlCommands(ctx context.Context, r *task.Report, args []string) error {
	db, err := sql.Open("pgx", args[0])
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(100 * time.Millisecond)
	if _, err := db.ExecContext(ctx, `DROP TABLE IF EXISTS accounts; CREATE TABLE accounts (name text PRIMARY KEY, cents int CHECK (cents >= 0))`); err != nil {
		return err
	}
	insert, err := db.PrepareContext(ctx, `INSERT INTO accounts VALUES ($1, $2)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for i := range 10 {
		if _, err := insert.ExecContext(ctx, fmt.Sprint("account ", i), 1000); err != nil {
			return err
		}
	}
	transfer := func(from, to string, cents int) error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after Commit
		for _, change := range []struct {
			name  string
			cents int
		}{{from, -cents}, {to, cents}} {
			if _, err := tx.ExecContext(ctx, `UPDATE accounts SET cents = cents + $1 WHERE name = $2`, change.cents, change.name); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	group := new(errgroup.Group)
	for i := range 40 {
		group.Go(func() error { return transfer(fmt.Sprint("account ", i%5), fmt.Sprint("account ", 5+i%5), 10) })
	}
	r.Addf("40 transactions: %v", group.Wait())
	r.Failure("too much", transfer("account 0", "account 1", 100_000))
	rows, err := db.QueryContext(ctx, `SELECT name, cents FROM accounts ORDER BY name`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var cents int
		if err := rows.Scan(&name, &cents); err != nil {
			return err
		}
		r.Addf("%s: %d", name, cents)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var cents int
	err = db.QueryRowContext(ctx, `SELECT cents FROM accounts WHERE name = 'nobody'`).Scan(&cents)
	r.Addf("nobody: %t", errors.Is(err, sql.ErrNoRows))
	conn, err := db.Conn(ctx) // so that it is the query that is given up, and not the connection
	if err != nil {
		return err
	}
	defer conn.Close()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_, err = conn.ExecContext(short, `SELECT pg_sleep(60)`)
	r.Addf("given up: %s", task.Kind(err))
	return nil
}
