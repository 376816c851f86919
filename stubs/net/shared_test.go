package net_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/isolate"
	"github.com/cofaas/cofaas/isolate/isolatetest"
	"github.com/cofaas/cofaas/stubs/grpc"
	stub "github.com/cofaas/cofaas/stubs/net"
)

// TestShared checks that a listener gives connections to all but a server of gRPC, which is none the wiser if it gets it in a
// listener of TLS.
func TestShared(t *testing.T) {
	h := new(isolatetest.Host)
	before := isolate.SetDefault(h.Start(t, channel.Best()))
	t.Cleanup(func() { isolate.SetDefault(before) })
	wraps := map[string]func(net.Listener) net.Listener{
		"plain": func(l net.Listener) net.Listener { return l },
		"tls":   func(l net.Listener) net.Listener { return tls.NewListener(l, &tls.Config{}) },
	}
	servers := 0
	for name, wrap := range wraps {
		t.Run(name, func(t *testing.T) {
			l, err := stub.Shared(net.Listen, "tcp", freeport.Address(t))
			if err != nil {
				t.Fatal(err)
			}
			s := grpc.NewServer()
			served := make(chan error, 1)
			go func() { served <- s.Serve(wrap(l)) }()
			servers++
			h.AwaitServed(t, servers)
			time.Sleep(10 * time.Millisecond) // so that it would have accepted
			if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
				conn.Close()
				t.Fatal("a server of gRPC made the real listener")
			}

			accepted := make(chan net.Conn)
			go func() {
				defer close(accepted)
				if conn, err := l.Accept(); err == nil {
					accepted <- conn
				}
			}()
			client := dial(t, l.Addr().String())
			conn := <-accepted
			if conn == nil {
				t.Fatal("Accept failed")
			}
			if _, err := io.WriteString(conn, "x"); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if got, err := io.ReadAll(client); string(got) != "x" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			s.Stop()
			if err := <-served; err != nil {
				t.Errorf("Serve: %v", err)
			}
			if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
				t.Error("the real listener is open after Stop")
			}
			if _, err := l.Accept(); err == nil {
				t.Error("Accept succeeds after Stop")
			}
		})
	}
}

// dial connects as soon as somebody listens.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			t.Cleanup(func() { conn.Close() })
			return conn
		}
	}
	t.Fatalf("nobody listens on %s", address)
	return nil
}

// TestShared_AcceptFails checks that what is wrong with the real listener is an error of Accept.
func TestShared_AcceptFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	l, err := stub.Shared(net.Listen, "tcp", taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, want := net.Listen("tcp", taken.Addr().String())
	if _, err := l.Accept(); err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestListenTLS(t *testing.T) {
	address := freeport.Address(t)
	l, err := stub.ListenTLS(tls.NewListener, "tcp", address, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := l.Addr().String(); got != address {
		t.Errorf("got %s", got)
	}
}
