package host

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// serveRuntime serves a call of an isolate that is about itself.
func (i *isolate) serveRuntime(c *channel.ServerCall) {
	reply, st := i.runtime(c)
	_ = c.Reply(encodeStatus(st), nil, reply) // or the isolate is gone
}

func (i *isolate) runtime(c *channel.ServerCall) ([]byte, *status.Status) {
	switch c.Method {
	case protocol.MethodHello:
		var h protocol.Hello
		if st := decode(c, &h); st != nil {
			return nil, st
		}
		if h.Version != protocol.Version {
			return nil, status.Newf(codes.FailedPrecondition, "the isolate speaks version %d, and this host version %d: run go generate again, and build again", h.Version, protocol.Version)
		}
		i.greetOnce.Do(func() { close(i.greeted) })
		reply, err := json.Marshal(i.fn.welcome())
		if err != nil {
			return nil, status.New(codes.Internal, err.Error())
		}
		return reply, nil
	case protocol.MethodReady:
		var s protocol.Ready
		if st := decode(c, &s); st != nil {
			return nil, st
		}
		i.fn.ready(s.Network, s.Address)
		i.readyOnce.Do(func() { close(i.ready) })
		return nil, nil
	case protocol.MethodServingStatus:
		var s protocol.ServingStatus
		if st := decode(c, &s); st != nil {
			return nil, st
		}
		i.fn.health.SetServingStatus(s.Service, healthpb.HealthCheckResponse_ServingStatus(s.Status))
		return nil, nil
	case protocol.MethodRoute:
		n, err := i.fn.route(&i.routes, string(c.Options), c.Request)
		if err != nil {
			return nil, status.New(codes.ResourceExhausted, err.Error())
		}
		return binary.LittleEndian.AppendUint32(nil, n), nil
	case protocol.MethodUnroute:
		if len(c.Request) != 4 {
			return nil, status.New(codes.InvalidArgument, "a route has a number of 4 bytes")
		}
		if err := i.fn.routes.take(&i.routes, binary.LittleEndian.Uint32(c.Request)); err != nil {
			return nil, status.New(codes.InvalidArgument, err.Error())
		}
		return nil, nil
	default:
		return nil, unknownMethod(c.Method)
	}
}

// decode reads the JSON of a request.
func decode(c *channel.ServerCall, into any) *status.Status {
	if !utf8.Valid(c.Request) {
		return status.New(codes.InvalidArgument, c.Method+": no UTF-8")
	}
	if err := json.Unmarshal(c.Request, into); err != nil {
		return status.New(codes.InvalidArgument, c.Method+": "+err.Error())
	}
	return nil
}

// welcome is what isolates of the function are told at first.
func (f *function) welcome() *protocol.Welcome {
	w := &protocol.Welcome{
		Version: protocol.Version, Function: f.name, Exports: []string{}, Imports: map[string]protocol.Import{},
		MaxMessage: int(f.host.opts.MaxMessage), Waiting: f.host.opts.Waiting,
	}
	for _, x := range f.exports {
		w.Exports = append(w.Exports, x.full)
	}
	slices.Sort(w.Exports)
	for _, edges := range []map[string]*edge{f.unary, f.streams} {
		for name, e := range edges {
			w.Imports[name] = protocol.Import{ClientStreams: e.StreamingClient, ServerStreams: e.StreamingServer}
		}
	}
	return w
}
