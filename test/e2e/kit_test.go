package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/internal/generate"
	"github.com/cofaas/cofaas/test/e2e/apps/kit/observe"
	"github.com/cofaas/cofaas/test/e2e/apps/kit/pb"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// authorized returns a context for calls to kit's front, with more metadata.
func authorized(t *testing.T, kv ...string) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(), append(kv, "authorization", "bearer "+observe.Token)...)
}

// TestMiddleware has interceptors and stats handlers of others do what they are for, in front and in back.
func TestMiddleware(t *testing.T) {
	both(t, kit, func(t *testing.T, sys *system) {
		client := pb.NewFrontClient(sys.conn)
		for _, tt := range []struct {
			name string
			task *pb.Task
			kv   []string
			want string // code, and text or message
		}{
			{"auth", &pb.Task{What: "user"}, nil, "OK ali"},
			{"limit", &pb.Task{What: "say"}, []string{"x-limit", "the sky"}, "ResourceExhausted"},
			{"validator", &pb.Task{What: "say", Count: -1}, nil, "InvalidArgument invalid Task.Count: -1 is negative"},
			{"empty", &pb.Task{}, nil, "InvalidArgument invalid Task.What: value length must be at least 1"},
			{"recovery", &pb.Task{What: "panic", Text: "once"}, nil, "Internal recovered: once"},
			{"recovery of a recovery", &pb.Task{What: "panic", Text: "twice"}, nil, "Internal recovered: twice as bad"},
			{"tags", &pb.Task{What: "tags", Text: "set"}, nil, "OK true set"},
			{"error", &pb.Task{What: "fail", Count: 9, Text: "not so"}, nil, "FailedPrecondition not so"},
			{"no retry", &pb.Task{What: "flaky"}, nil, "OK []"},
			{"compressor", &pb.Task{What: "gzip", Text: "lzw"}, nil, `OK <nil>; unable to set send compressor: compressor not registered "lzw"`},
		} {
			for _, forward := range []bool{false, true} {
				t.Run(named("%s,forward=%t", tt.name, forward), func(t *testing.T) {
					tt.task.Forward = forward
					if forward && tt.name == "limit" {
						t.Skip("front limits already")
					}
					got, err := client.Do(authorized(t, tt.kv...), tt.task)
					st := status.Convert(err)
					if text := fmt.Sprint(st.Code(), " ", got.GetText(), st.Message()); !strings.HasPrefix(text, tt.want) {
						t.Errorf("got %q, want %q", text, tt.want)
					}
				})
			}
		}
		t.Run("unauthenticated", func(t *testing.T) {
			for _, token := range []string{"", "bearer sesame", "basic " + observe.Token} {
				_, err := client.Do(metadata.AppendToOutgoingContext(t.Context(), "authorization", token), &pb.Task{What: "user"})
				if status.Code(err) != codes.Unauthenticated {
					t.Errorf("%q: %v", token, err)
				}
			}
			if _, err := client.Do(t.Context(), &pb.Task{What: "user"}); status.Code(err) != codes.Unauthenticated {
				t.Errorf("no token: %v", err)
			}
		})
		t.Run("retry", func(t *testing.T) {
			for count, want := range []string{"OK []", "OK [1]", "OK [2]", "OK [3]", "Unavailable not yet: [3]"} {
				got, err := client.Do(authorized(t), &pb.Task{What: "flaky", Count: int32(count), Forward: true})
				st := status.Convert(err)
				if text := fmt.Sprint(st.Code(), " ", got.GetText(), st.Message()); text != want {
					t.Errorf("%d failures: got %q, want %q", count, text, want)
				}
			}
		})
		t.Run("timeout", func(t *testing.T) {
			begin := time.Now()
			_, err := client.Do(authorized(t), &pb.Task{What: "wait", Forward: true})
			if status.Code(err) != codes.DeadlineExceeded || time.Since(begin) > 30*time.Second { // it would wait for a minute
				t.Errorf("after %v: %v", time.Since(begin), err)
			}
		})
		t.Run("trace", func(t *testing.T) {
			const id = "4bf92f3577b34da6a3ce929d0e0e4736"
			for _, forward := range []bool{false, true} {
				ctx := authorized(t, "traceparent", "00-"+id+"-00f067aa0ba902b7-01")
				got, err := client.Do(ctx, &pb.Task{What: "trace", Forward: forward})
				if err != nil || got.Text != id {
					t.Errorf("forward=%t: %v, %v", forward, got.GetText(), err)
				}
			}
		})
		t.Run("health", func(t *testing.T) {
			got, err := healthpb.NewHealthClient(sys.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
			if err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
				t.Errorf("%v, %v", got, err)
			}
		})
	})
}

// TestMiddlewareRecords compares what middleware has counted, traced and logged after the same calls.
func TestMiddlewareRecords(t *testing.T) {
	build(t)
	t.Parallel()
	seen := func(sys *system, forward bool) []string {
		t.Helper()
		client := pb.NewFrontClient(sys.conn)
		var lines []string
		for _, task := range []*pb.Task{
			{What: "say", Text: strings.Repeat("hello ", 100)}, {What: "fail", Count: 5, Text: "none"}, {What: "panic", Text: "help"},
			{What: "flaky", Count: 2}, {What: "say", Count: -1},
		} {
			task.Forward = forward
			_, err := client.Do(authorized(t), task)
			lines = append(lines, fmt.Sprint("call ", task.What, " ", status.Code(err)))
		}
		_, err := client.Do(t.Context(), &pb.Task{What: "user"})
		lines = append(lines, fmt.Sprint("call user ", status.Code(err)))
		got, err := client.Do(authorized(t), &pb.Task{What: "lines", Forward: forward})
		if err != nil {
			t.Fatal(err)
		}
		return append(lines, got.Lines...)
	}
	for _, forward := range []bool{false, true} {
		// Each instance has records of its own, and a call that comes while one still does what follows a reply gets another.
		want, got := seen(native(t, kit), forward), seen(host(t, kit, "-max-instances", "1"), forward)
		if len(want) < 20 {
			t.Errorf("little was seen: %q", want)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("forward=%t: consolidated it is different (-native +host):\n%s", forward, diff)
		}
	}
}

// TestOlderMiddleware does with a version of otelgrpc that has interceptors what cannot be in one module with the newest, which has
// none: it generates, builds and calls.
func TestOlderMiddleware(t *testing.T) {
	if testing.Short() {
		t.Skip("builds guests")
	}
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(scratch, "older")
	if err := programs.CopySources(dir, "testdata/older"); err != nil {
		t.Fatal(err)
	}
	mod := filepath.Join(dir, "go.mod")
	content, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	content = []byte(strings.Replace(string(content), "=> ../../../../", "=> "+root, 1))
	if err := os.WriteFile(mod, content, 0o644); err != nil {
		t.Fatal(err)
	}
	stage := filepath.Join(scratch, "olderstage")
	if _, err := generate.Run(t.Context(), generate.Options{Dir: dir, StageDir: stage, Tool: scratch}); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(scratch, "olderhost")
	if err := programs.Go(dir, "build", "-o", bin, "./cofaas"); err != nil {
		t.Fatal(err)
	}
	p := programs.Start(t, bin, []string{"-cache-dir", filepath.Join(scratch, "compiled"), "-addr", "127.0.0.1:0"}, nil)
	addr := p.Wait(t, `msg=serving function=older address=(\S+)`)[1]
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	got, err := helloworld.NewGreeterClient(dial(t, addr)).SayHello(ctx, &helloworld.HelloRequest{})
	if err != nil || got.Message != id {
		t.Errorf("%v, %v", got.GetMessage(), err)
	}
}
