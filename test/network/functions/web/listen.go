package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"

	"github.com/cofaas/cofaas/test/network/task"
)

// listen echoes to whoever connects, until the process or the instance ends.
func listen(_ context.Context, r *task.Report, args []string) error {
	lis, err := net.Listen(args[0], args[1])
	if err != nil {
		r.Failure("listen", err)
		return nil
	}
	r.Addf("listening: %s", lis.Addr().Network())
	go func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				log.Printf("accept: %v", err)
				return
			}
			go func() {
				defer conn.Close()
				if _, err := io.Copy(conn, conn); err != nil {
					log.Printf("echo: %v", err)
				}
			}()
		}
	}()
	return nil
}

// loopback has the function connect to itself, at a port of its choice.
func loopback(ctx context.Context, r *task.Report, args []string) error {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	accepted := make(chan error, 1)
	go func() {
		conn, err := lis.Accept()
		if err == nil {
			_, err = io.Copy(conn, conn)
			err = errors.Join(err, conn.Close())
		}
		accepted <- err
	}()
	conn, err := connect(ctx, []string{"tcp", lis.Addr().String()})
	if err != nil {
		return err
	}
	if err := exchange(conn, r, 10_000); err != nil {
		return err
	}
	err = errors.Join(conn.Close(), <-accepted, lis.Close())
	r.Addf("loopback: %v", err)
	_, err = lis.Accept()
	r.Addf("accept: closed: %t", errors.Is(err, net.ErrClosed))
	return nil
}
