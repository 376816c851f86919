package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/test/network/task"
)

// kept are connections that are held from call to call.
var kept struct {
	sync.Mutex
	conns []net.Conn
}

// hold opens connections and keeps them: as many as the third argument says, or until one cannot be opened.
func hold(ctx context.Context, r *task.Report, args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	for i := range n {
		conn, err := connect(ctx, args)
		if err != nil {
			r.Addf("connection %d", i)
			r.Failure("dial", err)
			break
		}
		kept.Lock()
		kept.conns = append(kept.conns, conn)
		kept.Unlock()
	}
	return nil
}

// held sends something along each connection that is held.
func held(_ context.Context, r *task.Report, _ []string) error {
	kept.Lock()
	defer kept.Unlock()
	for i, conn := range kept.conns {
		if err := pingPong(conn, i); err != nil {
			return err
		}
	}
	r.Addf("%d connections answer", len(kept.conns))
	return nil
}

// release closes the connections that are held.
func release(_ context.Context, r *task.Report, _ []string) error {
	kept.Lock()
	defer kept.Unlock()
	for _, conn := range kept.conns {
		if err := conn.Close(); err != nil {
			return err
		}
	}
	kept.conns = nil
	return nil
}

// crowd opens many connections at once, and has each of them used while all are open.
func crowd(ctx context.Context, r *task.Report, args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	conns := make([]net.Conn, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(100) // so that no backlog of a listener overflows
	for i := range conns {
		group.Go(func() error {
			var err error
			conns[i], err = connect(ctx, args)
			return err
		})
	}
	failed := group.Wait()
	if failed == nil {
		group = new(errgroup.Group)
		for i, conn := range conns {
			group.Go(func() error { return pingPong(conn, i) })
		}
		failed = group.Wait()
	}
	for _, conn := range conns {
		if conn != nil {
			conn.Close()
		}
	}
	r.Addf("%d connections: %v", n, failed)
	return nil
}

func pingPong(conn net.Conn, i int) error {
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return err
	}
	sent := fmt.Sprintf("connection %06d", i)
	if _, err := io.WriteString(conn, sent); err != nil {
		return err
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if string(got) != sent {
		return fmt.Errorf("sent %q, got %q", sent, got)
	}
	return nil
}
