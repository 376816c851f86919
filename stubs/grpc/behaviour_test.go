package grpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echoCase is a case of the suite. It reports what it saw as lines, which must be the same for both implementations.
type echoCase struct {
	name string
	run  func(t *testing.T, k kit, report func(format string, a ...any))
}

func simple(handler func(k kit, ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error)) func(*testing.T, kit, func(string, ...any)) {
	return func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			return handler(k, ctx, req)
		}})
		report("%+v", c.call(t.Context(), fullName, "hello", nil))
	}
}

func echo(_ context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	return wrapperspb.String("<" + req.GetValue() + ">"), nil
}

func returns(err error) func(kit, context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	return func(kit, context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error) { return nil, err }
}

func returnsOf(err func(k kit) error) func(kit, context.Context, *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	return func(k kit, _ context.Context, _ *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		return nil, err(k)
	}
}

var errPlain = errors.New("plain")

var replyCases = []echoCase{
	{"reply", simple(func(_ kit, ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		return echo(ctx, req)
	})},
	{"nil reply", simple(returns(nil))},
	{"plain error", simple(returns(errPlain))},
	{"context deadline", simple(returns(fmt.Errorf("late: %w", context.DeadlineExceeded)))},
	{"context canceled", simple(returns(context.Canceled))},
	{"status", simple(returnsOf(func(k kit) error { return k.err(5, "no such thing") }))},
	{"unknown code", simple(returnsOf(func(k kit) error { return k.err(77, "odd") }))},
	{"wrapped status", simple(returnsOf(func(k kit) error { return fmt.Errorf("ctx: %w", k.err(7, "denied")) }))},
	{"details", simple(returnsOf(func(k kit) error {
		return k.err(9, "see details", wrapperspb.String("a"), durationpb.New(time.Second))
	}))},
	{"invalid UTF-8", simple(returnsOf(func(k kit) error { return k.err(13, "a\xff\xfeb\u20ac%") }))},
	{"OK as error", simple(returnsOf(func(k kit) error { return k.okError() }))},
	{"nil reply of an interceptor", func(t *testing.T, k kit, report func(string, ...any)) {
		log := new(eventLog)
		c := k.start(t, setup{handler: echo, nilReply: true, serverInt: "s", log: log})
		report("%+v", c.call(t.Context(), fullName, "hello", nil))
	}},
	{"error after header and trailer", simple(func(k kit, ctx context.Context, _ *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		k.setTrailer(ctx, "t", "1")
		k.sendHeader(ctx, "h", "1")
		return nil, k.err(3, "bad")
	})},
	{"error after trailer", simple(func(k kit, ctx context.Context, _ *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
		k.setTrailer(ctx, "t", "1", "t", "2")
		return nil, k.err(3, "bad")
	})},
}

var metadataCases = []echoCase{
	{"header and trailer", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			report("none %v", k.setHeader(ctx))
			report("set %v", k.setHeader(ctx, "A", "1", "b-bin", "\x00\xff"))
			report("merge %v", k.setHeader(ctx, "a", "2", "content-type", "mine", "grpc-status", "3"))
			report("send %v", k.sendHeader(ctx, "c", "3"))
			report("send twice %v", k.sendHeader(ctx, "d", "4"))
			report("late %v", k.setHeader(ctx, "e", "5"))
			report("trailer %v", k.setTrailer(ctx, "t", "1", "t-bin", "\x01"))
			report("trailer %v", k.setTrailer(ctx, "t", "2"))
			return echo(ctx, req)
		}})
		report("%+v", c.call(t.Context(), fullName, "x", nil))
	}},
	{"after the handler", func(t *testing.T, k kit, report func(string, ...any)) {
		var kept context.Context
		c := k.start(t, setup{handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			kept = ctx
			return echo(ctx, req)
		}})
		c.call(t.Context(), fullName, "x", nil)
		<-kept.Done()
		report("err %v", kept.Err())
		report("header %v", k.setHeader(kept, "a", "1"))
		report("trailer %v", k.setTrailer(kept, "a", "1"))
	}},
	{"no handler", func(t *testing.T, k kit, report func(string, ...any)) {
		ctx := context.Background()
		report("%v / %v / %v", k.setHeader(ctx, "a", "1"), k.sendHeader(ctx), k.setTrailer(ctx, "a", "1"))
		report("%v", k.setTrailer(ctx))
		_, ok := k.method(ctx)
		_, in := k.incoming(ctx)
		report("%v %v %v", ok, in, k.hasPeer(ctx))
	}},
	{"incoming", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			md, ok := k.incoming(ctx)
			report("%v %v", clean(md), ok)
			report("%q", k.incomingValue(ctx, "A"))
			report("%v", k.incomingValue(ctx, "missing") == nil)
			m, ok := k.method(ctx)
			report("%v %v %v", m, ok, k.hasPeer(ctx))
			_, ok = ctx.Deadline()
			report("deadline %v", ok)
			return echo(ctx, req)
		}})
		report("%v", c.call(t.Context(), fullName, "none", nil))
		ctx := k.newOut(t.Context(), map[string][]string{"a": {"1", "2"}, "x-bin": {"\x00"}, "grpc-timeout": {"1S"}, "te": {"x"}})
		ctx = k.appendOut(ctx, "A", "3", "grpc-trace-bin", "t", "user-agent", "u", ":path", "p", "content-type", "c")
		report("%v", c.call(ctx, fullName, "some", nil))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		report("%v", c.call(ctx, fullName, "deadline", nil))
	}},
	{"invalid outgoing", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: echo})
		for _, md := range []map[string][]string{
			{"Upper": {"1"}}, {"a b": {"1"}}, {"": {"1"}}, {"a": {"\x01"}}, {"a": {"é"}}, {"a-bin": {"é"}},
		} {
			report("%v", c.call(k.newOut(t.Context(), md), fullName, "x", nil).outcome)
		}
		report("%v", c.call(k.appendOut(t.Context(), "a b", "1"), fullName, "x", nil).outcome)
	}},
	{"no sharing", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			md, _ := k.incoming(ctx)
			md["a"][0] = "changed"
			md["new"] = []string{"1"}
			again, _ := k.incoming(ctx)
			report("%v", clean(again))
			return echo(ctx, req)
		}})
		base := k.appendOut(t.Context(), "a", "1")
		left, right := k.appendOut(base, "l", "1"), k.appendOut(base, "r", "1")
		c.call(left, fullName, "x", nil)
		c.call(right, fullName, "x", nil)
	}},
}

var callCases = []echoCase{
	{"interceptors", func(t *testing.T, k kit, report func(string, ...any)) {
		log := new(eventLog)
		c := k.start(t, setup{handler: echo, log: log,
			serverInt: "s0", serverChain: []string{"s1", "s2"}, clientInt: "c0", clientChain: []string{"c1", "c2"}})
		for range 2 {
			report("%+v", c.call(t.Context(), fullName, "x", nil))
		}
		report("%q", log.all())
	}},
	{"chain only", func(t *testing.T, k kit, report func(string, ...any)) {
		log := new(eventLog)
		c := k.start(t, setup{handler: echo, log: log, serverChain: []string{"s1"}, clientChain: []string{"c1", "c2", "c3"}})
		report("%+v", c.call(t.Context(), fullName, "x", nil))
		report("%q", log.all())
	}},
	{"stats", func(t *testing.T, k kit, report func(string, ...any)) {
		log := new(eventLog)
		c := k.start(t, setup{log: log, serverStats: true, clientStats: true,
			handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
				if req.GetValue() == "fail" {
					k.setTrailer(ctx, "t", "1")
					return nil, k.err(5, "none")
				}
				return echo(ctx, req)
			}})
		var lines []string
		for i, req := range []string{"succeed", "fail"} {
			report("%v", c.call(t.Context(), fullName, req, nil).outcome)
			lines = log.wait(t, 2*(i+1), "*stats.End") // a server's last events may come after the client's
		}
		// A client of grpc-go gets headers and trailers on another goroutine than messages, so their place varies; and
		// only it has connections to wait for.
		isHeader := func(line string) bool {
			return strings.HasPrefix(line, "client *stats.InHeader") || strings.HasPrefix(line, "client *stats.InTrailer")
		}
		slices.SortStableFunc(lines, func(a, b string) int {
			if isHeader(a) != isHeader(b) {
				return strings.Compare(fmt.Sprint(isHeader(a)), fmt.Sprint(isHeader(b)))
			}
			return strings.Compare(a[:6], b[:6])
		})
		for _, line := range lines {
			if !strings.Contains(line, "DelayedPickComplete") {
				report("%s", line)
			}
		}
	}},
	{"done contexts", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: echo})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		report("%v", c.call(ctx, fullName, "x", nil).code)
		ctx, cancel = context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		r := c.call(ctx, fullName, "x", nil)
		report("%v %v %v", r.code, r.deadline, r.finished != nil)
	}},
	{"closed", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: echo})
		report("%v", c.call(t.Context(), fullName, "x", nil).outcome)
		report("%v", c.close())
		report("%+v", c.call(t.Context(), fullName, "x", nil))
		report("%v", c.close())
	}},
	{"credentials", func(t *testing.T, k kit, report func(string, ...any)) {
		onConn := &tokenCreds{md: map[string]string{"Authorization": "conn"}}
		c := k.start(t, setup{creds: onConn, handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			report("%v", k.incomingValue(ctx, "authorization"))
			return echo(ctx, req)
		}})
		report("%v", c.call(t.Context(), fullName, "x", nil).outcome)
		onCall := &tokenCreds{md: map[string]string{"authorization": "call"}}
		report("%v", c.call(t.Context(), fullName, "x", onCall).outcome)
		report("%v", c.call(t.Context(), fullName, "x", &tokenCreds{secure: true}).outcome)
		report("%v", c.call(t.Context(), fullName, "x", &tokenCreds{err: errPlain}).outcome)
		report("%v", c.call(t.Context(), fullName, "x", &tokenCreds{err: k.err(16, "who")}).outcome)
		report("%v", c.call(t.Context(), fullName, "x", &tokenCreds{err: k.err(5, "who")}).outcome)
		report("%v", c.call(t.Context(), fullName, "x", &tokenCreds{md: map[string]string{"a b": "1"}}).outcome)
		report("%v %v", onConn.uris[:1], onCall.uris)
		onConn.err = errPlain
		report("%v", c.call(t.Context(), fullName, "x", nil).outcome)
	}},
	{"derived contexts", func(t *testing.T, k kit, report func(string, ...any)) {
		var child, stopped context.Context
		fired := make(chan struct{})
		c := k.start(t, setup{handler: func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			var cancel context.CancelFunc
			child, cancel = context.WithTimeout(ctx, time.Hour)
			_ = cancel
			stopped, cancel = context.WithCancel(ctx)
			cancel()
			context.AfterFunc(ctx, func() { close(fired) })
			report("%v %v %v", ctx.Err(), child.Err(), stopped.Err())
			return echo(ctx, req)
		}})
		c.call(t.Context(), fullName, "x", nil)
		<-child.Done()
		<-fired
		report("%v %v", child.Err(), context.Cause(child))
	}},
}

func TestBehaviour(t *testing.T) {
	for _, cases := range [][]echoCase{replyCases, metadataCases, callCases, invokeCases} {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { compare(t, c) })
		}
	}
}

// compare runs a case with grpc-go, and with this package over all that carries calls.
func compare(t *testing.T, c echoCase) {
	want := record(t, realKit, c)
	if len(want) == 0 {
		t.Error("the case reports nothing")
	}
	for _, k := range stubKits {
		t.Run(k.name, func(t *testing.T) {
			got := record(t, k.kit, c)
			for i := range max(len(want), len(got)) {
				w, g := at(want, i), at(got, i)
				if w != g {
					t.Errorf("line %d\n grpc-go: %s\n    stub: %s", i, w, g)
				}
			}
		})
	}
}

// record runs a case with one implementation and returns what it reports. Handlers report too, and those of grpc-go run on goroutines
// of their own.
func record(t *testing.T, k kit, c echoCase) []string {
	log := new(eventLog)
	c.run(t, k, func(format string, a ...any) { log.add(fmt.Sprintf(format, a...)) })
	return log.all()
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
