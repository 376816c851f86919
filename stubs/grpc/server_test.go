package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/grpclog"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
	stubnet "github.com/cofaas/cofaas/stubs/net"
)

// echoDesc describes the service in the shape of generated code.
func echoDesc(service string, handler func(context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error)) *ServiceDesc {
	return &ServiceDesc{
		ServiceName: service,
		HandlerType: (*fmt.Stringer)(nil),
		Methods: []MethodDesc{{MethodName: methodName, Handler: func(_ any, ctx context.Context, dec func(any) error, _ UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			return handler(ctx, in)
		}}},
		Streams:  []StreamDesc{{StreamName: "Watch", ServerStreams: true}},
		Metadata: "echo.proto",
	}
}

func newConn(t testing.TB) *ClientConn {
	cc, err := NewClient("x", WithInsecure(), WithDefaultCallOptions(MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	return cc
}

func TestServe(t *testing.T) {
	h := useFakeHost(t)
	h.exported = func(m string) bool { return strings.HasPrefix(m, "/test.Echo/") }
	var servers []*Server
	results := make(chan error)
	for i, service := range []string{"test.Echo", "grpc.health.v1.Health"} {
		s := NewServer()
		s.RegisterService(echoDesc(service, echo), nil)
		lis, err := stubnet.Listen("tcp", fmt.Sprintf(":%d", 50051+i))
		if err != nil {
			t.Fatal(err)
		}
		go func() { results <- s.Serve(lis) }()
		servers = append(servers, s)
	}
	if len(h.exports) != 1 {
		t.Errorf("bound %d methods", len(h.exports))
	}
	want := ServiceInfo{Methods: []MethodInfo{{Name: methodName}, {Name: "Watch", IsServerStream: true}}, Metadata: "echo.proto"}
	if got := servers[1].GetServiceInfo()["grpc.health.v1.Health"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("info %v", got)
	}
	served := func() []string {
		h.mu.Lock()
		defer h.mu.Unlock()
		return slices.Sorted(slices.Values(h.served))
	}
	for end := time.Now().Add(patience); len(served()) < len(servers) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-results:
		t.Fatalf("Serve returned %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	if got := strings.Join(served(), ","); got != "tcp [::]:50051,tcp [::]:50052" {
		t.Errorf("ready: %s", got)
	}

	servers[0].Stop()
	servers[1].GracefulStop()
	servers[1].Stop()
	for range servers {
		if err := <-results; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	lis, err := stubnet.Listen("tcp", ":50051")
	if err != nil {
		t.Fatalf("Stop leaves the listener open: %v", err)
	}
	if err := servers[0].Serve(lis); err != ErrServerStopped {
		t.Errorf("after Stop: %v", err)
	}
	err = newConn(t).Invoke(t.Context(), fullName, wrapperspb.String(""), new(wrapperspb.StringValue))
	if status.Code(err) != codes.Unavailable {
		t.Errorf("call after Stop: %v", err)
	}
}

func TestServe_ListenerClosed(t *testing.T) {
	useFakeHost(t)
	lis, err := stubnet.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	lis.Close()
	if err := NewServer().Serve(lis); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestGracefulStop_WaitsForHandlers(t *testing.T) {
	useFakeHost(t)
	entered, release := make(chan struct{}), make(chan struct{})
	s := NewServer()
	s.RegisterService(echoDesc(serviceName, func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		close(entered)
		<-release
		return echo(ctx, req)
	}), nil)
	lis, err := stubnet.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(lis) }()
	for !s.serving.Load() {
		time.Sleep(time.Millisecond)
	}
	called := make(chan error)
	cc := newConn(t)
	go func() { called <- cc.Invoke(t.Context(), fullName, wrapperspb.String(""), new(wrapperspb.StringValue)) }()
	<-entered
	stopped := make(chan struct{})
	go func() { s.GracefulStop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("GracefulStop did not wait")
	case <-served:
		t.Fatal("Serve did not wait for GracefulStop, and main might end the function")
	case <-time.After(10 * time.Millisecond):
	}
	close(release)
	if err := <-called; err != nil {
		t.Error(err)
	}
	<-stopped
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// GracefulStop waits until the answers of handlers that have returned were sent.
func TestGracefulStop_WaitsForAnswers(t *testing.T) {
	useFakeHost(t)
	s := newServing()
	s.RegisterService(echoDesc(serviceName, echo), nil)
	method := bound.methods[fullName].unary
	call := &fakeCall{request: wrapperspb.String("")}
	if _, st := method.serve(call); st != nil {
		t.Fatal(st)
	}
	stopped := make(chan struct{})
	go func() { s.GracefulStop(); close(stopped) }()
	select {
	case <-stopped:
		t.Fatal("GracefulStop did not wait")
	case <-time.After(10 * time.Millisecond):
	}
	call.end()
	<-stopped
}

// A call that waits for ready waits until another server has its method, and within its deadline.
func TestStop_WaitForReady(t *testing.T) {
	useFakeHost(t)
	register := func(s *Server) { s.RegisterService(echoDesc(serviceName, echo), nil) }
	first := newServing()
	register(first)
	first.Stop()
	cc := newConn(t)
	call := func(ctx context.Context, opts ...CallOption) error {
		return cc.Invoke(ctx, fullName, wrapperspb.String(""), new(wrapperspb.StringValue), opts...)
	}
	if err := call(t.Context()); status.Code(err) != codes.Unavailable {
		t.Errorf("a call that does not wait: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := call(ctx, WaitForReady(true)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a call with a deadline: %v", err)
	}
	called := make(chan error)
	go func() { called <- call(t.Context(), WaitForReady(true)) }()
	second := NewServer()
	register(second)
	select {
	case err := <-called:
		t.Fatalf("it has not waited: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	lis, err := stubnet.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	go second.Serve(lis)
	defer second.Stop()
	if err := <-called; err != nil {
		t.Error(err)
	}
}

func TestStop_CancelsHandlers(t *testing.T) {
	useFakeHost(t)
	entered := make(chan struct{})
	s := newServing()
	s.RegisterService(echoDesc(serviceName, func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		close(entered)
		<-ctx.Done()
		<-derived.Done()
		return echo(ctx, req)
	}), nil)
	called := make(chan error)
	cc := newConn(t)
	go func() { called <- cc.Invoke(t.Context(), fullName, wrapperspb.String(""), new(wrapperspb.StringValue)) }()
	<-entered
	s.Stop()
	if err := <-called; status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
	if s.watched != nil || s.active.Load() != 0 {
		t.Error("the server keeps the call")
	}
}

func TestTwoServersOneService(t *testing.T) {
	useFakeHost(t)
	reply := func(text string) *ServiceDesc {
		return echoDesc(serviceName, func(context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			return wrapperspb.String(text), nil
		})
	}
	newServing().RegisterService(reply("first"), nil)
	newServing().RegisterService(reply("second"), nil)
	out := new(wrapperspb.StringValue)
	if err := newConn(t).Invoke(t.Context(), fullName, wrapperspb.String(""), out); err != nil || out.GetValue() != "first" {
		t.Errorf("%v, %v", out, err)
	}
}

// fatalLogger turns exits into panics.
type fatalLogger struct{ grpclog.LoggerV2 }

func (fatalLogger) Fatalln(args ...any) { panic(fmt.Sprint(args...)) }

func TestRegisterService_Errors(t *testing.T) {
	useFakeHost(t)
	grpclog.SetLoggerV2(fatalLogger{grpclog.NewLoggerV2(t.Output(), t.Output(), t.Output())})
	t.Cleanup(func() { grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, os.Stderr)) })
	for _, c := range []struct {
		name, want string
		run        func(s *Server)
	}{
		{"handler type", "does not satisfy fmt.Stringer", func(s *Server) { s.RegisterService(echoDesc("a", echo), 7) }},
		{"duplicate", `found duplicate service registration for "a"`, func(s *Server) {
			s.RegisterService(echoDesc("a", echo), nil)
			s.RegisterService(echoDesc("a", echo), nil)
		}},
		{"after Serve", `RegisterService after Server.Serve for "a"`, func(s *Server) {
			s.Stop()
			lis, _ := stubnet.Listen("tcp", ":0")
			s.Serve(lis)
			s.RegisterService(echoDesc("a", echo), nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if msg := fmt.Sprint(recover()); !strings.Contains(msg, c.want) {
					t.Errorf("got %s", msg)
				}
			}()
			c.run(NewServer())
		})
	}
}

func TestNoExporter(t *testing.T) {
	useFakeHost(t)
	findRoute = func(string, func() guest.Routing) uint32 { return guest.RouteUnknown }
	finished := 0
	err := newConn(t).Invoke(t.Context(), "/a.B/C", nil, nil, OnFinish(func(err error) { finished++ }))
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), `"a.B"`) || finished != 1 {
		t.Errorf("got %v, finished %d times", err, finished)
	}
}

func TestNewStream_NoExporter(t *testing.T) {
	useFakeHost(t)
	findRoute = func(string, func() guest.Routing) uint32 { return guest.RouteUnknown }
	desc := &StreamDesc{ServerStreams: true}
	_, err := newConn(t).NewStream(t.Context(), desc, "/a.B/C")
	if status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err = newConn(t).NewStream(ctx, desc, "/a.B/C", WaitForReady(true)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("one that waits: got %v", err)
	}
}

func TestMetadataIsFetchedLazily(t *testing.T) {
	useFakeHost(t)
	s := newServing()
	var sctx *serverContext
	s.RegisterService(echoDesc(serviceName, func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		sctx = ctx.(*serverContext)
		call := sctx.call.(*fakeCall)
		if call.fetched != 0 {
			t.Error("fetched before anybody asked")
		}
		for range 2 {
			if v := metadata.ValueFromIncomingContext(ctx, "a"); len(v) != 1 {
				t.Errorf("got %v", v)
			}
		}
		if call.fetched != 1 {
			t.Errorf("fetched %d times", call.fetched)
		}
		return echo(ctx, req)
	}), nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "a", "1")
	if err := newConn(t).Invoke(ctx, fullName, wrapperspb.String(""), new(wrapperspb.StringValue)); err != nil {
		t.Fatal(err)
	}
	if sctx.call != nil {
		t.Error("the context keeps the call")
	}
	if v := metadata.ValueFromIncomingContext(sctx, "a"); len(v) != 1 {
		t.Errorf("after the handler: %v", v)
	}
}
