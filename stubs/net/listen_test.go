package net_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/freeport"
	stub "github.com/cofaas/cofaas/stubs/net"
)

func TestListen(t *testing.T) {
	dir, port := t.TempDir(), freeport.Port(t)
	for _, c := range []struct{ network, address string }{
		{"tcp", ":" + port}, {"tcp4", ":" + port}, {"tcp6", ":" + port}, {"tcp", "127.0.0.1:" + port}, {"tcp", "0.0.0.0:" + port},
		{"tcp", "localhost:" + port}, {"tcp", "[::1]:" + port}, {"tcp", "[::]:" + port}, {"tcp", port}, {"tcp", ":99999"},
		{"tcp", ":-1"}, {"tcp", ":x y"}, {"tcp", "::1:" + port}, {"tcp", "a:b:c"}, {"tcp4", "[::1]:" + port}, {"tcp6", "127.0.0.1:" + port},
		{"", ":1"}, {"foo", ":1"}, {"udp", "127.0.0.1:0"}, {"udp", ":0"}, {"udp", ""}, {"udp", "0.0.0.0:0"}, {"udp4", "localhost:0"},
		{"udp4", "[::1]:0"}, {"udp6", "127.0.0.1:0"}, {"udp", ":x y"}, {"udp", "x"}, {"unixgram", dir + "/g"}, {"unix", dir + "/s"}, {"unixpacket", dir + "/p"},
		{"tcp4", "0.0.0.0:" + port}, {"tcp", "[::ffff:127.0.0.1]:" + port}, {"tcp", "[::1"}, {"tcp", "localhost:"},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			describe := func(l net.Listener, err error) string {
				if err != nil {
					var op *net.OpError
					return fmt.Sprintf("%v, OpError %v", err, errors.As(err, &op))
				}
				defer l.Close()
				a := l.Addr().String()
				if strings.HasSuffix(c.address, ":") {
					a = a[:strings.LastIndexByte(a, ':')] // any port will do
				}
				return fmt.Sprintf("%T %s %s", l.Addr(), l.Addr().Network(), a)
			}
			want := describe(net.Listen(c.network, c.address))
			got := describe(stub.Listen(c.network, c.address))
			if got != want {
				t.Errorf("got %s, net %s", got, want)
			}
		})
	}
}

func TestListen_Names(t *testing.T) {
	l, err := stub.Listen("tcp", "producer.default.svc:50051")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a := l.Addr(); a.Network() != "tcp" || a.String() != "producer.default.svc:50051" {
		t.Errorf("got %v", a)
	}
}

func TestListen_PortZero(t *testing.T) {
	seen := map[int]bool{}
	for range 3 {
		l, err := stub.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := l.Addr().(*net.TCPAddr).Port
		if port == 0 || seen[port] {
			t.Errorf("port %d", port)
		}
		seen[port] = true
	}
}

func TestListen_InUse(t *testing.T) {
	address := freeport.Address(t)
	listen := func(f func(network, address string) (net.Listener, error)) string {
		l, err := f("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f("tcp", address)
		l.Close()
		l, again := f("tcp", address)
		if again == nil {
			l.Close()
		}
		return fmt.Sprint(err, again)
	}
	if got, want := listen(stub.Listen), listen(net.Listen); got != want {
		t.Errorf("got %s, net %s", got, want)
	}
}

func TestListener(t *testing.T) {
	see := func(l net.Listener, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		type result struct {
			c   net.Conn
			err error
		}
		accepted := make(chan result, 1)
		go func() { c, err := l.Accept(); accepted <- result{c, err} }()
		select {
		case r := <-accepted:
			t.Fatalf("Accept returned %v", r)
		case <-time.After(10 * time.Millisecond):
		}
		first := l.Close()
		r := <-accepted
		_, again := l.Accept()
		second := l.Close()
		return fmt.Sprint(r.c, r.err, errors.Is(r.err, net.ErrClosed), first, again, second, errors.Is(second, net.ErrClosed))
	}
	var config net.ListenConfig
	address := freeport.Address(t)
	want := see(net.Listen("tcp", address))
	for _, got := range []string{
		see(stub.Listen("tcp", address)),
		see(stub.ListenConfig(config, t.Context(), "tcp", address)),
		see(stub.ListenConfig(&config, t.Context(), "tcp", address)),
		see(stub.Shared(net.Listen, "tcp", address)),
		see(stub.SharedConfig(config.Listen, t.Context(), "tcp", address)),
	} {
		if got != want {
			t.Errorf("got %s, net %s", got, want)
		}
	}
}
