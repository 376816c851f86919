package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// system is an application that serves: natively or in a host.
type system struct {
	kind string // "native", "host" or "remote"
	// front is the process that clients talk to.
	front *programs.Process
	addr  string // as a gRPC target
	conn  *grpc.ClientConn
}

// spec says what to run: the function that clients talk to, and the one that it calls.
type spec struct {
	front, back string
	// backAddress is the variable that tells front where back is.
	backAddress string
	// env are variables of functions, as function:KEY=VALUE.
	env []string
}

func (s spec) of(function string) (env []string) {
	for _, e := range s.env {
		if kv, ok := strings.CutPrefix(e, function+":"); ok {
			env = append(env, kv)
		}
	}
	return env
}

var (
	prodcon = spec{front: "producer", back: "consumer", backAddress: "CONSUMER_ADDRESS"}
	pair    = spec{front: "relay", back: "echo", backAddress: "ECHO_ADDRESS"}
	shapes  = spec{front: "outer", back: "inner", backAddress: "INNER_ADDRESS"}
	flow    = spec{front: "source", back: "sink", backAddress: "SINK_ADDRESS"}
	kit     = spec{front: "front", back: "back", backAddress: "BACK_ADDRESS"}
)

// with returns a spec with variables added.
func (s spec) with(env ...string) spec {
	s.env = append(append([]string(nil), s.env...), env...)
	return s
}

// both runs a test against the native processes, against the host, and against the host whose calls leave it for the native process
// behind it.
func both(t *testing.T, s spec, test func(t *testing.T, sys *system)) {
	t.Helper()
	build(t)
	t.Run("native", func(t *testing.T) {
		t.Parallel()
		test(t, native(t, s))
	})
	t.Run("host", func(t *testing.T) {
		t.Parallel()
		test(t, host(t, s))
	})
	t.Run("remote", func(t *testing.T) {
		t.Parallel()
		test(t, remote(t, s))
	})
}

func native(t *testing.T, s spec) *system {
	t.Helper()
	b := build(t)
	back := freeport.Address(t)
	programs.Start(t, b.native[s.back], nil, append(s.of(s.back), "ADDRESS="+back))
	front := freeport.Address(t)
	p := programs.Start(t, b.native[s.front], nil, append(s.of(s.front), "ADDRESS="+front, s.backAddress+"="+back))
	dial(t, back)
	return &system{kind: "native", front: p, addr: front, conn: dial(t, front)}
}

func host(t *testing.T, s spec, args ...string) *system {
	t.Helper()
	p := startHost(t, s, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	addr := p.Wait(t, `msg=serving function=`+s.front+` address=(\S+)`)[1]
	return &system{kind: "host", front: p, addr: addr, conn: dial(t, addr)}
}

func remote(t *testing.T, s spec) *system {
	t.Helper()
	back := freeport.Address(t)
	programs.Start(t, build(t).native[s.back], nil, append(s.of(s.back), "ADDRESS="+back))
	dial(t, back)
	sys := host(t, s.with(s.front+":"+s.backAddress+"="+back), "-remote", "all")
	sys.kind = "remote"
	return sys
}

func startHost(t *testing.T, s spec, args ...string) *programs.Process {
	t.Helper()
	b := build(t)
	all := append([]string{"-cache-dir", b.cache}, args...)
	for _, e := range s.env {
		all = append(all, "-env", e)
	}
	return programs.Start(t, b.host[s.front], all, nil)
}

// dial connects, for large messages too.
func dial(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	return programs.Dial(t, target,
		// A zero backoff would have a client dial again and again, as fast as it can, while a program starts.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, MaxDelay: 200 * time.Millisecond},
			MinConnectTimeout: 20 * time.Second,
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20), grpc.MaxCallSendMsgSize(64<<20)))
}

// named names a subtest.
func named(format string, args ...any) string {
	return strings.ReplaceAll(fmt.Sprintf(format, args...), " ", "_")
}
