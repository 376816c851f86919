package behaviours

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func statistics() []*Behaviour {
	return slices.Concat(
		each("stats/server", direct, kinds, statsServer),
		each("stats/server: before the reply", everywhere, kinds, statsServerEarly),
		each("stats/server: a failed call", direct, kinds, statsServerFailed),
		each("stats/client", direct, kinds, statsClient),
		each("stats/client: a failed call", direct, kinds, statsClientFailed),
		each("stats/client: several handlers", direct, kinds, statsClientSeveral),
		each("stats/client: what events say", direct, kinds, statsClientDetails),
	)
}

// collector is a client's stats handler.
type collector struct {
	name   string
	mu     sync.Mutex
	events []stats.RPCStats
	tags   []stats.RPCTagInfo
	lost   int // events whose context is not the tagged one
	ended  chan struct{}
}

func newCollector(name string) *collector {
	return &collector{name: name, ended: make(chan struct{}, 100)}
}

type collectorKey struct{ name string }

func (c *collector) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tags = append(c.tags, *info)
	return metadata.AppendToOutgoingContext(context.WithValue(ctx, collectorKey{c.name}, true), "x-tagged", c.name)
}

func (c *collector) HandleRPC(ctx context.Context, e stats.RPCStats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Value(collectorKey{c.name}) == nil {
		c.lost++
	}
	c.events = append(c.events, e)
	if _, ok := e.(*stats.End); ok {
		c.ended <- struct{}{}
	}
}

func (*collector) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*collector) HandleConn(context.Context, stats.ConnStats)                       {}

// wait waits for the end of a call.
func (c *collector) wait(t *T) {
	select {
	case <-c.ended:
	case <-time.After(patience):
		t.True("an end", false, "there was none")
	}
}

// names are what the events say, but for those that only some transports have. InTrailer is left out too: it comes from the
// transport's goroutine, so that its place among the others is open, but for the first and the last.
func (c *collector) names(t *T) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var trailers []int
	for i, e := range c.events {
		switch name := backend.Event(e); {
		case name == "InTrailer":
			trailers = append(trailers, i)
		case !strings.HasPrefix(name, "*stats."):
			out = append(out, name)
		}
	}
	// InHeader comes from that goroutine too, and may be there before the sender has told of the request.
	for i := range len(out) - 1 {
		if strings.HasPrefix(out[i], "InHeader") && strings.HasPrefix(out[i+1], "OutPayload") {
			out[i], out[i+1] = out[i+1], out[i]
		}
	}
	t.True("one InTrailer, in between", len(trailers) == 1 && trailers[0] > 0 && trailers[0] < len(c.events)-1, "it is at %d of %d", trailers, len(c.events))
	return out
}

func flags(k Kind) string {
	return fmt.Sprintf("Begin(%t,%t)", k == upload || k == chat, k == download || k == chat)
}

// serverEvents is what the ledger has of a call's events.
func serverEvents(t *T, e *Env, key string) []string {
	return strings.Fields(e.look(t.Context(), unary, script.Ask("stats "+key, patience)).fact("ledger"))
}

func statsServer(t *T, e *Env, k Kind) {
	key := t.Key()
	order, report := looking(k), &pb.Report{}
	o := e.do(metadata.AppendToOutgoingContext(t.Context(), backend.LedgerKey, key), k, order)
	t.Must("call", o.err)
	what := method(e.Backend, k)
	t.Equal("events", serverEvents(t, e, key), []string{
		"Tag(" + what + ")", "InHeader(" + what + ")", flags(k), fmt.Sprintf("InPayload(%d)", proto.Size(order)),
		"OutHeader()", fmt.Sprintf("OutPayload(%d)", proto.Size(report)), "OutTrailer", "End(OK)",
	})
}

func statsServerEarly(t *T, e *Env, k Kind) {
	order := looking(k, script.Stats())
	o := e.do(t.Context(), k, order)
	t.Must("call", o.err)
	what := method(e.Backend, k)
	t.Equal("events", strings.Fields(o.fact("stats")), []string{
		"Tag(" + what + ")", "InHeader(" + what + ")", flags(k), fmt.Sprintf("InPayload(%d)", proto.Size(order)),
	})
}

func statsServerFailed(t *T, e *Env, k Kind) {
	key := t.Key()
	order := script.Order(script.Fail(5, "gone"))
	o := e.do(metadata.AppendToOutgoingContext(t.Context(), backend.LedgerKey, key), k, order)
	t.Code("call", o.err, codes.NotFound)
	what := method(e.Backend, k)
	t.Equal("events", serverEvents(t, e, key), []string{
		"Tag(" + what + ")", "InHeader(" + what + ")", flags(k), fmt.Sprintf("InPayload(%d)", proto.Size(order)), "OutTrailer", "End(NotFound)",
	})
}

func statsClient(t *T, e *Env, k Kind) {
	c := newCollector("only")
	order := looking(k)
	t.Must("call", do(t.Context(), e.New(e.Dial(t, grpc.WithStatsHandler(c))), k, order).err)
	c.wait(t)
	t.Equal("events", c.names(t), []string{
		flags(k), "OutHeader(" + method(e.Service, k) + ")", fmt.Sprintf("OutPayload(%d)", proto.Size(order)),
		"InHeader()", "InPayload(0)", "End(OK)",
	})
	t.Equal("events with another context", c.lost, 0)
}

func statsClientFailed(t *T, e *Env, k Kind) {
	c := newCollector("only")
	order := script.Order(script.Fail(5, "gone"))
	t.Code("call", do(t.Context(), e.New(e.Dial(t, grpc.WithStatsHandler(c))), k, order).err, codes.NotFound)
	c.wait(t)
	t.Equal("events", c.names(t), []string{
		flags(k), "OutHeader(" + method(e.Service, k) + ")", fmt.Sprintf("OutPayload(%d)", proto.Size(order)), "End(NotFound)",
	})
}

func statsClientSeveral(t *T, e *Env, k Kind) {
	first, second := newCollector("first"), newCollector("second")
	conn := e.Dial(t, grpc.WithStatsHandler(first), grpc.WithStatsHandler(second))
	o := do(t.Context(), e.New(conn), k, looking(k, script.Metadata()))
	t.Must("call", o.err)
	first.wait(t)
	second.wait(t)
	t.Equal("both see the same", first.names(t), second.names(t))
	t.Equal("metadata that they have added", o.fact("metadata x-tagged"), `["first" "second"]`)
}

func statsClientDetails(t *T, e *Env, k Kind) {
	c := newCollector("only")
	conn := e.Dial(t, grpc.WithStatsHandler(c))
	order := looking(k, script.SetHeader("x-h", "1"), script.SetTrailer("x-t", "1"))
	t.Must("call", do(metadata.AppendToOutgoingContext(t.Context(), "x-out", "1"), e.New(conn), k, order, grpc.WaitForReady(true)).err)
	c.wait(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Equal("tags", len(c.tags), 1)
	t.Equal("method of the tag", c.tags[0].FullMethodName, method(e.Service, k))
	t.Equal("FailFast of the tag", c.tags[0].FailFast, false)
	for _, event := range c.events {
		t.True("a client's event", event.IsClient(), "%T is not", event)
		switch event := event.(type) {
		case *stats.Begin:
			t.True("Begin has a time", !event.BeginTime.IsZero(), "it has none")
			t.Equal("FailFast of Begin", event.FailFast, false)
		case *stats.OutHeader:
			t.Equal("outgoing metadata", event.Header.Get("x-out"), []string{"1"})
		case *stats.OutPayload:
			got, ok := event.Payload.(proto.Message)
			t.True("the request", ok && proto.Equal(got, order), "got %v", event.Payload)
			t.True("Out has a time", !event.SentTime.IsZero(), "it has none")
		case *stats.InHeader:
			t.Equal("header", event.Header.Get("x-h"), []string{"1"})
		case *stats.InPayload:
			_, ok := event.Payload.(*pb.Report)
			t.True("the reply", ok, "got %T", event.Payload)
		case *stats.InTrailer:
			t.Equal("trailer", event.Trailer.Get("x-t"), []string{"1"})
		case *stats.End:
			t.OK("the end", event.Error)
			t.True("End has its times", !event.BeginTime.IsZero() && !event.EndTime.Before(event.BeginTime), "got %v, %v", event.BeginTime, event.EndTime)
			t.Equal("trailer of the end", event.Trailer.Get("x-t"), []string{"1"})
		}
	}
}
