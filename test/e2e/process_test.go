package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
)

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	log    *output
	exited chan struct{}
}

// output collects what a program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait waits until the output matches, and returns the match.
func (o *output) wait(t *testing.T, re string, p *process) []string {
	t.Helper()
	compiled := regexp.MustCompile(re)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := compiled.FindStringSubmatch(o.String()); m != nil {
			return m
		}
		select {
		case <-p.exited:
			if m := compiled.FindStringSubmatch(o.String()); m != nil {
				return m
			}
			t.Fatalf("%s has ended; no %s in:\n%s", p.cmd.Path, re, o)
		default:
		}
	}
	t.Fatalf("no %s in time in:\n%s", re, o)
	return nil
}

// start starts a program with nothing in its environment but env.
func start(t *testing.T, path string, args, env []string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, args...), log: &output{}, exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append([]string{"HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH")}, env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("output of %s:\n%s", path, p.log)
		}
	})
	return p
}

// code waits for the end of the process and returns its exit code.
func (p *process) code(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end; its output:\n%s", p.cmd.Path, p.log)
		return -1
	}
}

func (p *process) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// system is an application that serves: natively or in a host.
type system struct {
	kind string // "native", "host" or "remote"
	// front is the process that clients talk to.
	front *process
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
	back := freeAddress(t)
	start(t, b.native[s.back], nil, append(s.of(s.back), "ADDRESS="+back))
	front := freeAddress(t)
	p := start(t, b.native[s.front], nil, append(s.of(s.front), "ADDRESS="+front, s.backAddress+"="+back))
	dial(t, back)
	return &system{kind: "native", front: p, addr: front, conn: dial(t, front)}
}

func host(t *testing.T, s spec, args ...string) *system {
	t.Helper()
	p := startHost(t, s, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	addr := p.log.wait(t, `msg=serving function=`+s.front+` address=(\S+)`, p)[1]
	return &system{kind: "host", front: p, addr: addr, conn: dial(t, addr)}
}

func remote(t *testing.T, s spec) *system {
	t.Helper()
	back := freeAddress(t)
	start(t, build(t).native[s.back], nil, append(s.of(s.back), "ADDRESS="+back))
	dial(t, back)
	sys := host(t, s.with(s.front+":"+s.backAddress+"="+back), "-remote", "all")
	sys.kind = "remote"
	return sys
}

func startHost(t *testing.T, s spec, args ...string) *process {
	t.Helper()
	b := build(t)
	all := append([]string{"-cache-dir", b.cache}, args...)
	for _, e := range s.env {
		all = append(all, "-env", e)
	}
	return start(t, b.host[s.front], all, nil)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	return lis.Addr().String()
}

// dial connects and waits until there is a connection.
func dial(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20), grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		conn.Connect()
		conn.ResetConnectBackoff()
		step, stop := context.WithTimeout(ctx, 50*time.Millisecond)
		conn.WaitForStateChange(step, state)
		stop()
		if ctx.Err() != nil {
			t.Fatalf("no connection to %s", target)
		}
	}
	return conn
}

// named names a subtest.
func named(format string, args ...any) string {
	return strings.ReplaceAll(fmt.Sprintf(format, args...), " ", "_")
}
