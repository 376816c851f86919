package e2e

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/test/e2e/apps/pair/pb"
	"github.com/cofaas/cofaas/test/internal/programs"
)

func TestHostFlags(t *testing.T) {
	build(t)
	tests := []struct {
		name string
		args []string
		code int
		want []string // in the output
		not  string
	}{
		{"help", []string{"-h"}, 0, []string{"This host runs the function producer and what it reaches (producer, consumer) in one process.", "-addr", "-env", "-cache-dir", "-drain"}, ""},
		{"unknown flag", []string{"-unknown"}, 2, []string{"flag provided but not defined: -unknown"}, "serving"},
		{"argument", []string{"serve"}, 2, []string{`unexpected argument "serve"`}, "serving"},
		{"unknown function", []string{"-env", "nobody:A=1"}, 2, []string{`-env: there is no function "nobody"; the functions are producer, consumer`}, "serving"},
		{"bad env", []string{"-env", "REPEATS=1"}, 2, []string{"want FUNCTION:KEY=VALUE, as producer:REPEATS=20"}, "serving"},
		{"env that is not set", []string{"-env", "producer:COFAAS_NOT_SET"}, 2, []string{"COFAAS_NOT_SET is not set in the host's environment"}, "serving"},
		{"half of TLS", []string{"-tls-cert", "x"}, 2, []string{"-tls-cert and -tls-key go together"}, "serving"},
		{"TLS without files", []string{"-tls-cert", "/missing", "-tls-key", "/missing", "-addr", "127.0.0.1:0"}, 1, []string{"TLS: open /missing"}, "serving"},
		{"bad address", []string{"-addr", "nonsense"}, 1, []string{"missing port in address"}, "serving"},
		{"main fails", []string{"-env", "producer:REPEATS=many", "-addr", "127.0.0.1:0"}, 1, []string{
			`msg="producer: `, `REPEATS=\"many\": want a count of 0 or more" function=producer stream=stderr`,
			`msg="the host failed" error="function producer: main: `,
		}, "serving"},
		{"main of the callee fails", []string{"-env", "consumer:ADDRESS=nonsense", "-addr", "127.0.0.1:0"}, 1, []string{
			`address nonsense: missing port in address" function=consumer stream=stderr`, `error="function consumer: main: `,
		}, "serving"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := startHost(t, prodcon, tt.args...)
			if code := p.Code(t); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			out := p.Log.String()
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %s in:\n%s", want, out)
				}
			}
			if tt.not != "" && strings.Contains(out, "msg="+tt.not) {
				t.Errorf("%s in:\n%s", tt.not, out)
			}
		})
	}
}

func TestHostAddress(t *testing.T) {
	build(t)
	hello := func(t *testing.T, target string) {
		t.Helper()
		if _, err := helloworld.NewGreeterClient(dial(t, target)).SayHello(t.Context(), &helloworld.HelloRequest{Name: "Ada"}); err != nil {
			t.Error(err)
		}
	}
	t.Run("unix", func(t *testing.T) {
		t.Parallel()
		sock := filepath.Join(t.TempDir(), "s")
		p := startHost(t, prodcon, "-addr", "unix:"+sock)
		p.Wait(t, "msg=serving")
		hello(t, "unix:"+sock)
		p.Signal(t, syscall.SIGTERM)
		if code := p.Code(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
	t.Run("as the function says", func(t *testing.T) {
		t.Parallel()
		addr := freeport.Address(t)
		p := startHost(t, prodcon.with("producer:ADDRESS="+addr))
		p.Wait(t, "msg=serving function=producer address="+addr)
		hello(t, addr)
	})
	t.Run("taken", func(t *testing.T) {
		t.Parallel()
		lis, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer lis.Close()
		p := startHost(t, prodcon, "-addr", lis.Addr().String())
		if code := p.Code(t); code != 1 || !strings.Contains(p.Log.String(), "address already in use") {
			t.Errorf("exit code %d, output %s", code, p.Log)
		}
	})
}

func TestHostEnvironment(t *testing.T) {
	b := build(t)
	t.Run("of its own", func(t *testing.T) {
		t.Parallel()
		s := pair.with("relay:GREETING=hi = there", "echo:GREETING=lo")
		sys := host(t, s)
		client := pb.NewRelayClient(sys.conn)
		for _, tt := range []struct {
			forward    bool
			name, want string
		}{{false, "GREETING", "hi = there"}, {true, "GREETING", "lo"}, {false, "HOME", ""}, {true, "PATH", ""}} {
			got, err := client.Act(t.Context(), &pb.Order{What: "environment", Text: tt.name, Forward: tt.forward})
			if err != nil || got.Text != tt.want {
				t.Errorf("%s is %q, %v; want %q", tt.name, got.GetText(), err, tt.want)
			}
		}
	})
	t.Run("arguments", func(t *testing.T) {
		t.Parallel()
		p := programs.Start(t, b.host["relay"], []string{"-cache-dir", b.cache, "-addr", "127.0.0.1:0", "-arg", "echo:-size=4", "-arg", "echo:serve it"}, nil)
		client := pb.NewRelayClient(dial(t, p.Wait(t, `msg=serving function=relay address=(\S+)`)[1]))
		for forward, want := range map[bool]string{false: `[]`, true: `["-size=4" "serve it"]`} {
			got, err := client.Act(t.Context(), &pb.Order{What: "arguments", Forward: forward})
			if err != nil || got.Text != want {
				t.Errorf("forward=%t: got %s, %v; want %s", forward, got.GetText(), err, want)
			}
		}
	})
	t.Run("of the host", func(t *testing.T) {
		t.Parallel()
		p := programs.Start(t, b.host["relay"], []string{"-cache-dir", b.cache, "-addr", "127.0.0.1:0", "-env", "relay:GREETING"}, []string{"GREETING=from outside"})
		addr := p.Wait(t, `msg=serving function=relay address=(\S+)`)[1]
		got, err := pb.NewRelayClient(dial(t, addr)).Act(t.Context(), &pb.Order{What: "environment", Text: "GREETING"})
		if err != nil || got.Text != "from outside" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestHostLogs(t *testing.T) {
	build(t)
	t.Parallel()
	sys := host(t, pair)
	client := pb.NewRelayClient(sys.conn)
	for _, forward := range []bool{false, true} {
		if _, err := client.Act(t.Context(), &pb.Order{What: "log", Code: 3, Text: "some = \"text\"", Forward: forward}); err != nil {
			t.Fatal(err)
		}
	}
	for _, function := range []string{"relay", "echo"} {
		for _, line := range []string{"line 0", "line 1", "line 2"} {
			sys.front.Wait(t, `msg="`+line+`: some = \\"text\\"" function=`+function+` stream=stderr`)
		}
		sys.front.Wait(t, `msg="on stdout: some = \\"text\\"" function=`+function+` stream=stdout`)
	}
}

// TestGracefulStop stops a system while a call is running: the call is answered, and new ones are not.
func TestGracefulStop(t *testing.T) {
	build(t)
	for _, forward := range []bool{false, true} {
		t.Run(named("forward=%t", forward), func(t *testing.T) {
			t.Parallel()
			sys := host(t, pair)
			client := pb.NewRelayClient(sys.conn)
			// A watch that stays open would hold a graceful stop up, here as natively.
			watching, stop := context.WithCancel(t.Context())
			defer stop()
			watch, err := healthpb.NewHealthClient(sys.conn).Watch(watching, &healthpb.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := watch.Recv(); err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
				t.Fatalf("health %v, %v", got, err)
			}
			answer := make(chan error, 1)
			go func() {
				_, err := client.Act(t.Context(), &pb.Order{What: "sleep", Code: 1500, Text: "a while", Forward: forward})
				answer <- err
			}()
			sys.front.Wait(t, `msg="sleeping: a while"`)
			sys.front.Signal(t, syscall.SIGTERM)
			if got, err := watch.Recv(); err != nil || got.Status != healthpb.HealthCheckResponse_NOT_SERVING {
				t.Errorf("health after the signal: %v, %v", got, err)
			}
			stop()
			sys.front.Wait(t, "msg=stopping")
			if err := <-answer; err != nil {
				t.Errorf("the running call: %v", err)
			}
			// Between what the log says and the end of listening there is a moment.
			for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
				_, err := client.Act(t.Context(), &pb.Order{What: "report"})
				if status.Code(err) == codes.Unavailable {
					break
				}
				if err != nil || time.Now().After(end) {
					t.Errorf("a call after the stop: %v", err)
					break
				}
			}
			if code := sys.front.Code(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
	t.Run("native", func(t *testing.T) {
		t.Parallel()
		sys := native(t, prodcon)
		sys.front.Signal(t, syscall.SIGTERM)
		if code := sys.front.Code(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
	t.Run("drain ends", func(t *testing.T) {
		t.Parallel()
		sys := host(t, pair, "-drain", "200ms")
		answer := make(chan error, 1)
		go func() {
			_, err := pb.NewRelayClient(sys.conn).Act(t.Context(), &pb.Order{What: "sleep", Code: 60_000, Text: "long"})
			answer <- err
		}()
		sys.front.Wait(t, `msg="sleeping: long"`)
		sys.front.Signal(t, syscall.SIGTERM)
		if err := <-answer; status.Code(err) != codes.Unavailable {
			t.Errorf("the running call: %v", err)
		}
		sys.front.Wait(t, "calls in progress did not end in time")
		if code := sys.front.Code(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
}
