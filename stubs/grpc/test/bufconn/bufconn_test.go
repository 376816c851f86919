package bufconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	real "google.golang.org/grpc/test/bufconn"

	"github.com/cofaas/cofaas/stubs/grpc/test/bufconn"
)

// listener is a Listener of either implementation.
type listener interface {
	net.Listener
	Dial() (net.Conn, error)
	DialContext(context.Context) (net.Conn, error)
}

func connect(t *testing.T, lis listener) (client, server net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn)
	go func() {
		c, err := lis.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	client, err := lis.Dial()
	if err != nil {
		t.Fatal(err)
	}
	return client, <-accepted
}

// TestConnections does the same with connections of both.
func TestConnections(t *testing.T) {
	run := func(lis listener) (lines []string) {
		report := func(args ...any) { lines = append(lines, fmt.Sprint(args...)) }
		report(lis.Addr().Network(), lis.Addr())
		client, server := connect(t, lis)
		report(client.LocalAddr(), client.RemoteAddr(), server.RemoteAddr())

		text := strings.Repeat("more than fits. ", 100)
		go io.WriteString(client, text)
		buf := make([]byte, len(text))
		n, err := io.ReadFull(server, buf)
		report(n, err, string(buf) == text)

		server.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, err = server.Read(buf)
		var timeout net.Error
		report(err, errors.As(err, &timeout) && timeout.Timeout())
		server.SetDeadline(time.Time{})
		client.SetWriteDeadline(time.Now().Add(time.Millisecond))
		_, err = io.WriteString(client, text)
		report(err)
		client.SetDeadline(time.Time{})
		n, err = server.Read(buf)
		report(n, err)

		io.WriteString(client, "last")
		report(client.Close())
		_, err = client.Read(buf)
		report(err)
		_, err = client.Write(buf[:1])
		report(err)
		n, err = server.Read(buf)
		report(n, err)
		_, err = server.Read(buf)
		report(err)
		_, err = server.Write(buf[:1])
		report(err)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = lis.DialContext(ctx)
		report(err)
		report(lis.Close(), lis.Close())
		_, err = lis.Dial()
		report(err)
		_, err = lis.Accept()
		report(err)
		return lines
	}
	want, got := run(real.Listen(100)), run(bufconn.Listen(100))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%s\ngrpc-go\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A write that waits ends when either side is closed.
func TestClose_Waiting(t *testing.T) {
	for _, closeServer := range []bool{false, true} {
		lis := bufconn.Listen(1)
		client, server := connect(t, lis)
		done := make(chan error)
		go func() {
			_, err := io.WriteString(client, "long")
			done <- err
		}()
		time.Sleep(time.Millisecond)
		if closeServer {
			server.Close()
		} else {
			client.Close()
		}
		if err := <-done; err != io.ErrClosedPipe {
			t.Errorf("server %t: %v", closeServer, err)
		}
	}
}
