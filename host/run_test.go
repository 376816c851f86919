package host

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestRun_usage(t *testing.T) {
	t.Setenv("COFAAS_TEST_SET", "value")
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // on stderr, the first line
	}{
		{"help", []string{"-h"}, 0, "This host runs the function front and what it reaches (front, back) in one process."},
		{"unknown flag", []string{"-none"}, 2, "flag provided but not defined: -none"},
		{"argument", []string{"serve"}, 2, `unexpected argument "serve"`},
		{"half of TLS", []string{"-tls-cert", "cert.pem"}, 2, "-tls-cert and -tls-key go together"},
		{"environment of nobody", []string{"-env", "other:A=1"}, 2, `-env: there is no function "other"; the functions are front, back`},
		{"environment without a function", []string{"-env", "A=1"}, 2, `invalid value "A=1" for flag -env: want FUNCTION:KEY=VALUE, as producer:REPEATS=20`},
		{"environment without a key", []string{"-env", "front:=1"}, 2, `invalid value "front:=1" for flag -env: want FUNCTION:KEY=VALUE, as producer:REPEATS=20`},
		{"environment that is not set", []string{"-env", "front:COFAAS_TEST_NOT_SET"}, 2,
			`invalid value "front:COFAAS_TEST_NOT_SET" for flag -env: COFAAS_TEST_NOT_SET is not set in the host's environment`},
		{"argument of nobody", []string{"-arg", "other:-a"}, 2, `-arg: there is no function "other"; the functions are front, back`},
		{"argument without a function", []string{"-arg", "-a=1"}, 2, `invalid value "-a=1" for flag -arg: want FUNCTION:ARGUMENT, as producer:-size=4`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := Run(t.Context(), relayApp(t), tt.args, &stderr); code != tt.code {
				t.Errorf("got exit code %d, want %d", code, tt.code)
			}
			if got, _, _ := strings.Cut(stderr.String(), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRun_environment(t *testing.T) {
	t.Setenv("COFAAS_TEST_SET", "of the host")
	s, code, ok := parse(relayApp(t), []string{"-env", "front:A=1", "-env", "front:B=x=y", "-env", "back:COFAAS_TEST_SET", "-env", "back:EMPTY="}, &bytes.Buffer{})
	if !ok {
		t.Fatalf("exit code %d", code)
	}
	for name, want := range map[string]string{"front": "A=1 B=x=y", "back": "COFAAS_TEST_SET=of the host EMPTY="} {
		if got := strings.Join(s.env.byFunction[name], " "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestRun_arguments(t *testing.T) {
	s, code, ok := parse(relayApp(t), []string{"-arg", "front:-addr=a:1", "-arg", "front:", "-arg", "front:serve it", "-arg", "back:-v"}, &bytes.Buffer{})
	if !ok {
		t.Fatalf("exit code %d", code)
	}
	for name, want := range map[string]string{"front": `["-addr=a:1" "" "serve it"]`, "back": `["-v"]`} {
		if got := fmt.Sprintf("%q", s.args.byFunction[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestRun_Errors(t *testing.T) {
	for _, tt := range []struct {
		name string
		app  *App
		args []string
		want string
	}{
		{"no address", relayApp(t), nil, "the function does not say where it listens: set -addr"},
		{"address that is not there", relayApp(t), []string{"-addr", "unix:/none/of/it"}, "listen unix /none/of/it"},
		{"no certificate", relayApp(t), []string{"-addr", "localhost:0", "-tls-cert", "none.pem", "-tls-key", "none.pem"}, "TLS: open none.pem"},
		{"no address for operators", relayApp(t), []string{"-addr", "localhost:0", "-debug-addr", "nowhere"}, "-debug-addr: listen tcp"},
		{"broken app", &App{Root: "x"}, nil, "the app was generated for version 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkGoroutines(t)
			var stderr bytes.Buffer
			if code := Run(t.Context(), tt.app, append([]string{"-cache-dir", "off"}, tt.args...), &stderr); code != 1 {
				t.Errorf("got exit code %d, want 1", code)
			}
			if !strings.Contains(stderr.String(), `level=ERROR msg="the host failed"`) || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("got %s\nwant %s", stderr.String(), tt.want)
			}
		})
	}
}

// Run serves until its context ends, here with a folder of compiled guests that the second run finds.
func TestRun(t *testing.T) {
	cache := t.TempDir()
	for range 2 {
		checkGoroutines(t)
		socket := filepath.Join(t.TempDir(), "s")
		ctx, stop := context.WithCancel(t.Context())
		var stderr lockedBuffer
		done := make(chan int, 1)
		go func() {
			done <- Run(ctx, relayApp(t), []string{"-v", "-addr", "unix:" + socket, "-cache-dir", cache, "-drain", "5s", "-debug-addr", "127.0.0.1:0"}, &stderr)
		}()
		waitFor(t, func() bool {
			conn, err := net.Dial("unix", socket)
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		})
		conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		out := new(wrapperspb.BytesValue)
		if err := conn.Invoke(t.Context(), "/test.Front/Echo", wrapperspb.String("text"), out); err != nil || string(out.Value) != "text" {
			t.Errorf("got %q, %v", out.Value, err)
		}
		_ = conn.Close()
		address := regexp.MustCompile(`msg=debugging address=(\S+)`).FindStringSubmatch(stderr.String())
		if reply, err := http.Get("http://" + address[1] + "/debug/stats"); err != nil || reply.StatusCode != http.StatusOK {
			t.Errorf("stats: %v, %v", reply, err)
		} else {
			_ = reply.Body.Close()
		}
		stop()
		if code := <-done; code != 0 {
			t.Errorf("got exit code %d:\n%s", code, stderr.String())
		}
		for _, want := range []string{"msg=serving function=front address=" + socket, "msg=stopping"} {
			if !strings.Contains(stderr.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, stderr.String())
			}
		}
	}
	if found, err := filepath.Glob(filepath.Join(cache, "*", "*")); err != nil || len(found) == 0 {
		t.Errorf("got %v, %v in the cache", found, err)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

// lockedBuffer is a buffer that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
