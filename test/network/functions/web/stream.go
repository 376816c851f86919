package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cofaas/cofaas/test/network/task"
)

// connect dials the network and address that a task is given first.
func connect(ctx context.Context, args []string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, args[0], args[1])
}

// dial reports how a dial ends. The third argument is its timeout; with a fourth, only whether it timed out is of interest:
// whether the dialer's clock or the socket's was first, is a matter of luck.
func dial(ctx context.Context, r *task.Report, args []string) error {
	timeout, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, args[0], args[1])
	if err == nil {
		r.Addf("dial: %s to %s", conn.RemoteAddr().Network(), conn.RemoteAddr())
		return conn.Close()
	}
	if len(args) > 3 {
		failure, ok := errors.AsType[net.Error](err)
		r.Addf("dial: timeout: %t", ok && failure.Timeout())
	} else {
		r.Failure("dial", err)
	}
	return nil
}

// dialCancelled gives a dial up that takes long.
func dialCancelled(ctx context.Context, r *task.Report, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	conn, err := connect(ctx, args)
	if err == nil {
		conn.Close()
	}
	r.Failure("dial", err)
	r.Addf("soon: %t", time.Since(start) < 20*time.Second)
	return nil
}

// dialRace has a name with addresses of which the first ones are of no use.
func dialRace(ctx context.Context, r *task.Report, args []string) error {
	conn, err := (&net.Dialer{FallbackDelay: 50 * time.Millisecond}).DialContext(ctx, args[0], args[1])
	if err != nil {
		return err
	}
	defer conn.Close()
	r.Addf("dial: to %s", conn.RemoteAddr())
	return nil
}

// echo sends as many bytes as the third argument says to a server that returns them.
func echo(ctx context.Context, r *task.Report, args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	return exchange(conn, r, n)
}

func exchange(conn net.Conn, r *task.Report, n int) error {
	sent := bytes.Repeat([]byte("0123456789abcde\n"), n/16+1)[:n]
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		failed <- err
	}()
	got := make([]byte, n)
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	r.Addf("echo of %d bytes: equal: %t", n, bytes.Equal(sent, got))
	return <-failed
}

// halfClose ends its side, and reads what the server says only then.
func halfClose(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "question"); err != nil {
		return err
	}
	half, ok := conn.(interface {
		CloseWrite() error
		CloseRead() error
	})
	if !ok {
		return fmt.Errorf("%T has no CloseWrite", conn)
	}
	if err := half.CloseWrite(); err != nil {
		return err
	}
	_, err = io.WriteString(conn, "more")
	r.Failure("write after the end", err)
	answer, err := io.ReadAll(conn)
	r.Addf("answer: %q, %v", answer, err)
	r.Addf("second end: %t", half.CloseRead() == nil) // there is nothing left to end
	return nil
}

// read reads until there is no more.
func read(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return err
	}
	got, err := io.ReadAll(conn)
	r.Addf("read %d bytes", len(got))
	r.Failure("read", err)
	return nil
}

// write writes to a server that has gone, until it notices.
func write(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	chunk := make([]byte, 64<<10)
	for {
		if _, err := conn.Write(chunk); err != nil {
			// Which one it is, is a matter of when.
			r.Addf("write: gone: %t", errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET))
			return nil
		}
	}
}

// deadlines has reads and writes of a server that says nothing time out, and the connection work afterwards.
func deadlines(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	p := make([]byte, 10)
	for _, d := range []time.Duration{-time.Second, 50 * time.Millisecond} {
		if err := conn.SetReadDeadline(time.Now().Add(d)); err != nil {
			return err
		}
		_, err = conn.Read(p)
		r.Failure("read", err)
	}
	// A deadline that comes while a read waits.
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	failed := make(chan error, 1)
	time.AfterFunc(50*time.Millisecond, func() { failed <- conn.SetReadDeadline(time.Unix(1, 0)) })
	_, err = conn.Read(p)
	r.Failure("read", err)
	if err := <-failed; err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return exchange(conn, r, 100)
}

// closeWhileReading closes a connection that somebody reads from.
func closeWhileReading(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		failed <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := conn.Close(); err != nil {
		return err
	}
	r.Failure("read", <-failed)
	_, err = conn.Write([]byte("x"))
	r.Failure("write", err)
	r.Failure("close", conn.Close())
	return nil
}

// streamOptions sets all options, and looks at addresses.
func streamOptions(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("got a %T", conn)
	}
	err = errors.Join(
		tcp.SetNoDelay(false), tcp.SetNoDelay(true), tcp.SetKeepAlive(true), tcp.SetKeepAlivePeriod(time.Minute),
		tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}),
		tcp.SetReadBuffer(64<<10), tcp.SetWriteBuffer(64<<10), tcp.SetLinger(-1), tcp.SetLinger(5),
	)
	r.Addf("options: %v", err)
	local, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("the local address is a %T", conn.LocalAddr())
	}
	r.Addf("from %s to %s, a port of its own: %t", local.IP, conn.RemoteAddr(), local.Port > 0)
	return exchange(conn, r, 1000)
}

// interfaces lists those that are up, as far as machines agree on them.
func interfaces(_ context.Context, r *task.Report, _ []string) error {
	list, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, i := range list {
		addrs, err := i.Addrs()
		if err != nil {
			return err
		}
		r.Addf("%d %s %s %d %s %v", i.Index, i.Name, i.HardwareAddr, i.MTU, i.Flags, addrs)
	}
	all, err := net.InterfaceAddrs()
	slices.SortFunc(all, func(a, b net.Addr) int { return strings.Compare(a.String(), b.String()) })
	r.Addf("all: %v, %v", all, err)
	return nil
}
