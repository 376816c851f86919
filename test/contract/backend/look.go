package backend

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// look reports what a handler can see of its call.
func (c *call) look(s *pb.Step) error {
	switch s.Op {
	case pb.Step_METADATA:
		c.lookMetadata(strings.Fields(s.Text))
	case pb.Step_INCOMING:
		c.lookIncoming(s.Text)
	case pb.Step_DEADLINE:
		if deadline, ok := c.ctx.Deadline(); ok {
			c.fact("deadline", time.Until(deadline).Milliseconds())
		} else {
			c.fact("deadline", "none")
		}
	case pb.Step_METHOD:
		method, ok := grpc.Method(c.ctx)
		c.fact("method", fmt.Sprint(method, " ", ok))
		if ts := grpc.ServerTransportStreamFromContext(c.ctx); ts != nil {
			c.fact("transport stream", ts.Method())
		}
		if c.stream != nil {
			method, ok := grpc.MethodFromServerStream(c.stream)
			c.fact("stream method", fmt.Sprint(method, " ", ok))
		}
	case pb.Step_PEER:
		p, ok := peer.FromContext(c.ctx)
		c.fact("peer", ok && p.Addr != nil && p.Addr.Network() != "")
	case pb.Step_TRACE:
		c.fact("trace", strings.Join(traceOf(c.ctx).get(), ", "))
	case pb.Step_STATS:
		c.fact("stats", strings.Join(eventsOf(c.ctx).get(), " "))
	case pb.Step_TICKS:
		c.fact("ticks", c.service.ticks.Load())
		c.fact("goroutines", runtime.NumGoroutine())
	case pb.Step_SERVICES:
		for name, methods := range serviceInfo(c.service.serves()) {
			c.fact(name, methods)
		}
		slices.SortStableFunc(c.report.Facts, func(a, b *pb.Fact) int { return strings.Compare(a.Name, b.Name) })
	default:
		return status.Errorf(codes.Unimplemented, "no such step: %v", s.Op)
	}
	return nil
}

func (c *call) lookMetadata(more []string) {
	in, ok := metadata.FromIncomingContext(c.ctx)
	c.fact("metadata", ok)
	for _, k := range slices.Sorted(maps.Keys(in)) {
		if strings.HasPrefix(k, "x-") || slices.Contains(more, k) {
			c.fact("metadata "+k, fmt.Sprintf("%q", in[k]))
		}
	}
	if _, ok := metadata.FromOutgoingContext(c.ctx); ok {
		c.fact("outgoing", "present")
	}
}

// lookIncoming also changes what FromIncomingContext gave, which has to be a copy.
func (c *call) lookIncoming(key string) {
	c.fact("value", fmt.Sprintf("%q", metadata.ValueFromIncomingContext(c.ctx, key)))
	c.fact("value of upper case", fmt.Sprintf("%q", metadata.ValueFromIncomingContext(c.ctx, strings.ToUpper(key))))
	c.fact("value of none", fmt.Sprintf("%q", metadata.ValueFromIncomingContext(c.ctx, "x-never-sent")))
	in, _ := metadata.FromIncomingContext(c.ctx)
	c.fact("get of upper case", fmt.Sprintf("%q", in.Get(strings.ToUpper(key))))
	in.Delete(key)
	in.Set("x-added", "here only")
	again, _ := metadata.FromIncomingContext(c.ctx)
	c.fact("after delete in a copy", fmt.Sprintf("%q %q", again.Get(key), again.Get("x-added")))
}

// serviceInfo has the methods of each service, sorted, with their kinds.
func serviceInfo(info map[string]grpc.ServiceInfo) map[string]string {
	out := map[string]string{}
	for name, service := range info {
		var methods []string
		for _, m := range service.Methods {
			kind := "unary"
			switch {
			case m.IsClientStream && m.IsServerStream:
				kind = "bidi"
			case m.IsClientStream:
				kind = "client"
			case m.IsServerStream:
				kind = "server"
			}
			methods = append(methods, m.Name+":"+kind)
		}
		slices.Sort(methods)
		out[name] = strings.Join(methods, " ")
	}
	return out
}
