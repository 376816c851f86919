package behaviours

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func servers() []*Behaviour {
	return slices.Concat(
		each("server/the method that is called", everywhere, kinds, serverMethod),
		each("server/the peer", everywhere, kinds, serverPeer),
		each("server/GetServiceInfo", everywhere, []Kind{unary, chat}, serverInfo),
		one("server/a ticker in the background", everywhere, serverTicker),
		one("server/unknown method", direct, serverUnknownMethod),
		one("server/unknown service", direct, serverUnknownService),
		one("server/health: Check", direct, serverHealthCheck),
		one("server/health: Watch", direct, serverHealthWatch),
	)
}

func serverMethod(t *T, e *Env, k Kind) {
	o := e.look(t.Context(), k, script.Method())
	t.Must("call", o.err)
	t.Equal("grpc.Method", o.fact("method"), method(e.Backend, k)+" true")
	t.Equal("ServerTransportStream", o.fact("transport stream"), method(e.Backend, k))
	if k != unary {
		t.Equal("MethodFromServerStream", o.fact("stream method"), method(e.Backend, k)+" true")
	}
}

func serverPeer(t *T, e *Env, k Kind) {
	t.Equal("peer", e.look(t.Context(), k, script.Peer()).fact("peer"), "true")
}

func serverInfo(t *T, e *Env, k Kind) {
	o := e.look(t.Context(), k, script.Services())
	t.Must("call", o.err)
	t.Equal("backend", o.fact(e.Backend), "Chat:bidi Download:server Unary:unary Upload:client")
	if e.Backend == "contract.v1.BackendB" {
		t.Equal("relay", o.fact("contract.v1.RelayB"), "Chat:bidi Download:server Unary:unary Upload:client")
		t.Equal("legacy", o.fact("contract.v1.Legacy"), "Chat:bidi Download:server Missing:unary Unary:unary Upload:client")
		t.Equal("not the annex", o.fact("contract.v1.Annex"), "none of that name")
	}
}

// serverTicker reads a counter that goes on while nobody calls. One of some seconds has to be good: tickers drop ticks on machines that are
// busy.
func serverTicker(t *T, e *Env) {
	var rate int64
	for range 20 {
		begin := time.Now()
		before := e.look(t.Context(), unary, script.Ticks())
		time.Sleep(time.Second)
		after := e.look(t.Context(), unary, script.Ticks())
		took := time.Since(begin)
		t.OK("call", before.err)
		t.OK("call later", after.err)
		rate = int64(time.Duration(after.number("ticks")-before.number("ticks")) * time.Second / took)
		if 6 <= rate && rate <= 14 {
			break
		}
	}
	t.Between("ticks in a second", rate, 6, 14)
}

func serverUnknownMethod(t *T, e *Env) {
	want := "unknown method Nothing for service " + e.Service
	err := e.Conn.Invoke(t.Context(), "/"+e.Service+"/Nothing", &pb.Order{}, &pb.Report{})
	t.Status("Invoke", err, codes.Unimplemented, want)
	stream, err := e.Conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+e.Service+"/Nothing")
	t.Must("NewStream", err)
	t.Status("RecvMsg", stream.RecvMsg(&pb.Report{}), codes.Unimplemented, want)
}

func serverUnknownService(t *T, e *Env) {
	want := "unknown service contract.v1.Nobody"
	err := e.Conn.Invoke(t.Context(), "/contract.v1.Nobody/Unary", &pb.Order{}, &pb.Report{})
	t.Status("Invoke", err, codes.Unimplemented, want)
	stream, err := e.Conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/contract.v1.Nobody/Chat")
	t.Must("NewStream", err)
	t.Status("RecvMsg", stream.RecvMsg(&pb.Report{}), codes.Unimplemented, want)
}

func serverHealthCheck(t *T, e *Env) {
	client := healthpb.NewHealthClient(e.Conn)
	for _, name := range []string{"", e.Service} {
		got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
		t.OK("check "+name, err)
		t.Equal("status "+name, got.GetStatus(), healthpb.HealthCheckResponse_SERVING)
	}
	got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "not-serving"})
	t.OK("one that does not serve", err)
	t.Equal("status of one that does not serve", got.GetStatus(), healthpb.HealthCheckResponse_NOT_SERVING)
	_, err = client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "never-heard-of"})
	t.Status("unknown", err, codes.NotFound, "unknown service")
}

func serverHealthWatch(t *T, e *Env) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := healthpb.NewHealthClient(e.Conn)
	for name, want := range map[string]healthpb.HealthCheckResponse_ServingStatus{
		e.Service:        healthpb.HealthCheckResponse_SERVING,
		"not-serving":    healthpb.HealthCheckResponse_NOT_SERVING,
		"never-heard-of": healthpb.HealthCheckResponse_SERVICE_UNKNOWN,
	} {
		watch, err := client.Watch(ctx, &healthpb.HealthCheckRequest{Service: name})
		t.Must("watch "+name, err)
		got, err := watch.Recv()
		t.OK("receive "+name, err)
		t.Equal("status "+name, got.GetStatus(), want)
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err = watch.Recv()
		t.Code("nothing more until it is cancelled", err, codes.Canceled)
		ctx, cancel = context.WithCancel(t.Context())
		t.Cleanup(cancel)
	}
}
