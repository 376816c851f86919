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
)

// runtimePrefix begins the methods by which an isolate speaks to the host about itself.
const runtimePrefix = "/cofaas.runtime/"

// nativeVersion is the version of what host and isolates say to each other.
const nativeVersion = 1

// hello is what an isolate says first, and welcome the answer.
type hello struct {
	Version int `json:"version"`
	PID     int `json:"pid"`
}

type welcome struct {
	Version  int    `json:"version"`
	Function string `json:"function"`
	// Exports are the methods that the function is to serve, and Imports those that it may call.
	Exports    []string                 `json:"exports"`
	Imports    map[string]welcomeMethod `json:"imports"`
	MaxMessage uint64                   `json:"max_message"`
	Waiting    string                   `json:"waiting"`
}

type welcomeMethod struct {
	ClientStreams bool `json:"client_streams"`
	ServerStreams bool `json:"server_streams"`
}

// serving is where an isolate serves, as its net.Listen had it.
type serving struct {
	Network string `json:"network"`
	Address string `json:"address"`
}

type servingStatus struct {
	Service string `json:"service"`
	Status  int32  `json:"status"`
}

// serveRuntime serves a call of an isolate that is about itself.
func (i *isolate) serveRuntime(name string, c *channel.ServerCall) {
	reply, st := i.runtime(name, c)
	_ = c.Reply(encodeStatus(st), nil, reply) // or the isolate is gone
}

func (i *isolate) runtime(name string, c *channel.ServerCall) ([]byte, *status.Status) {
	switch name {
	case "hello":
		var h hello
		if st := decode(c, &h); st != nil {
			return nil, st
		}
		if h.Version != nativeVersion {
			return nil, status.Newf(codes.FailedPrecondition, "the isolate speaks version %d, and this host version %d: run go generate again, and build again", h.Version, nativeVersion)
		}
		i.greetOnce.Do(func() { close(i.greeted) })
		reply, err := json.Marshal(i.fn.welcome())
		if err != nil {
			return nil, status.New(codes.Internal, err.Error())
		}
		return reply, nil
	case "ready":
		var s serving
		if st := decode(c, &s); st != nil {
			return nil, st
		}
		i.fn.ready(s.Network, s.Address)
		i.readyOnce.Do(func() { close(i.ready) })
		return nil, nil
	case "serving-status":
		var s servingStatus
		if st := decode(c, &s); st != nil {
			return nil, st
		}
		i.fn.health.SetServingStatus(s.Service, healthpb.HealthCheckResponse_ServingStatus(s.Status))
		return nil, nil
	case "route":
		n, err := i.fn.route(&i.routes, string(c.Options), c.Request)
		if err != nil {
			return nil, status.New(codes.ResourceExhausted, err.Error())
		}
		return binary.LittleEndian.AppendUint32(nil, n), nil
	case "unroute":
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
func (f *function) welcome() *welcome {
	w := &welcome{
		Version: nativeVersion, Function: f.name, Exports: []string{}, Imports: map[string]welcomeMethod{},
		MaxMessage: f.host.opts.MaxMessage, Waiting: f.host.opts.Waiting,
	}
	for _, x := range f.exports {
		w.Exports = append(w.Exports, x.full)
	}
	slices.Sort(w.Exports)
	for _, edges := range []map[string]*edge{f.unary, f.streams} {
		for name, e := range edges {
			w.Imports[name] = welcomeMethod{e.StreamingClient, e.StreamingServer}
		}
	}
	return w
}
