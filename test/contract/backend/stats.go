package backend

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// statsHandler keeps the events of each call in its context, and leaves them in the ledger at its end.
type statsHandler struct{ ledger *ledger }

func (statsHandler) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	r := new(record)
	r.add("Tag(" + info.FullMethodName + ")")
	return context.WithValue(ctx, eventsKey{}, r)
}

func (h statsHandler) HandleRPC(ctx context.Context, e stats.RPCStats) {
	events := eventsOf(ctx)
	events.add(Event(e))
	if _, ok := e.(*stats.End); ok {
		h.ledger.ended(ctx, "stats ", strings.Join(events.get(), " "))
	}
}

func (statsHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (statsHandler) HandleConn(context.Context, stats.ConnStats)                       {}

// Event is what of an event has to be the same whatever the transport. Lengths on the wire are not.
func Event(e stats.RPCStats) string {
	switch e := e.(type) {
	case *stats.Begin:
		return fmt.Sprintf("Begin(%t,%t)", e.IsClientStream, e.IsServerStream)
	case *stats.InHeader:
		return "InHeader(" + e.FullMethod + ")"
	case *stats.InPayload:
		return fmt.Sprintf("InPayload(%d)", e.Length)
	case *stats.InTrailer:
		return "InTrailer"
	case *stats.OutHeader:
		return "OutHeader(" + e.FullMethod + ")"
	case *stats.OutPayload:
		return fmt.Sprintf("OutPayload(%d)", e.Length)
	case *stats.OutTrailer:
		return "OutTrailer"
	case *stats.End:
		return fmt.Sprintf("End(%v)", status.Code(e.Error))
	}
	return fmt.Sprintf("%T", e)
}
