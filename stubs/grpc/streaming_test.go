package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// rawPairs makes metadata of keys and values without changing the case of keys.
func rawPairs(kv []string) map[string][]string {
	md := map[string][]string{}
	for i := 0; i < len(kv); i += 2 {
		md[kv[i]] = append(md[kv[i]], kv[i+1])
	}
	return md
}

// scene is a streaming case with one server. What the handler reports is reported after what the client does.
type scene struct {
	t *testing.T
	k kit
	c streamConn
	streamSetup
	begun  chan struct{} // gets something from each handler when it begins
	report func(format string, a ...any)
}

// logf is for the handler.
func (s *scene) logf(format string, a ...any) { s.log.add(fmt.Sprintf(format, a...)) }

// entered waits until a handler has begun, so that what ends the call finds it there: a call may be over before it has got so far.
func (s *scene) entered() {
	select {
	case <-s.begun:
	case <-time.After(patience):
		s.t.Fatal("no handler begins")
	}
}

// handled reports what was logged once n handlers have returned.
func (s *scene) handled(n int) {
	lines := s.log.wait(s.t, n, "handler ends")
	// What the interceptors of the client log comes first, for they run at the same time.
	of := func(client bool) {
		for _, line := range lines {
			if strings.HasPrefix(line, "c") == client {
				s.report("logged: %s", line)
			}
		}
	}
	of(true)
	of(false)
	s.log.reset()
}

// open begins a call of the kind that the method is of.
func (s *scene) open(ctx context.Context, method string, o *streamOptions) clientSide {
	for _, m := range streamMethods {
		if m.name == method {
			stream, err := s.c.open(ctx, method, m.client, m.server, o)
			if err != nil {
				s.t.Fatal(err)
			}
			return stream
		}
	}
	s.t.Fatal("no method " + method)
	return nil
}

// drain reports what RecvMsg returns until it fails, and once more.
func (s *scene) drain(stream clientSide) {
	for {
		m, err := stream.Recv()
		s.report("recv %q %v", m, err)
		if err != nil {
			break
		}
	}
	_, err := stream.Recv()
	s.report("again %v", err)
}

// streams makes a case of a handler and a client.
func streams(handler func(s *scene, stream serverSide) error, client func(s *scene)) func(*testing.T, kit, func(string, ...any)) {
	return streamsWith(func(*streamSetup) {}, handler, client)
}

func streamsWith(set func(*streamSetup), handler func(s *scene, stream serverSide) error, client func(s *scene)) func(*testing.T, kit, func(string, ...any)) {
	return func(t *testing.T, k kit, report func(string, ...any)) {
		s := &scene{t: t, k: k, report: report, begun: make(chan struct{}, 100)}
		s.log = new(eventLog)
		s.handler = func(stream serverSide) error {
			s.begun <- struct{}{}
			err := handler(s, stream)
			s.logf("handler ends %v", err)
			return err
		}
		s.unary = func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			k.setHeader(ctx, "h", "1")
			k.setTrailer(ctx, "t", "1")
			if req.Value == "fail" {
				return nil, k.err(5, "nothing")
			}
			return echo(ctx, req)
		}
		set(&s.streamSetup)
		s.c = k.streams(t, s.streamSetup)
		client(s)
	}
}

// within is a case with a limit, which is too short if the call has not come to its handler by then. If run says so, there is another
// attempt with a longer one, and what this one has reported does not count.
func within(run func(t *testing.T, k kit, limit time.Duration, report func(string, ...any)) bool) func(*testing.T, kit, func(string, ...any)) {
	return func(t *testing.T, k kit, report func(string, ...any)) {
		for limit := 50 * time.Millisecond; limit < patience; limit *= 4 {
			log := new(eventLog)
			if run(t, k, limit, func(format string, a ...any) { log.add(fmt.Sprintf(format, a...)) }) {
				for _, line := range log.all() {
					report("%s", line)
				}
				return
			}
		}
		t.Fatal("no call comes to its handler in time")
	}
}

// openWithin is open for a call with a limit. It says whether that was long enough to open the stream.
func (s *scene) openWithin(ctx context.Context, method string, o *streamOptions) (clientSide, bool) {
	stream, err := s.c.open(ctx, method, true, true, o)
	if err != nil && s.k.outcome(err).code != 4 {
		s.t.Fatal(err)
	}
	return stream, err == nil
}

// echoes sends each message back until there are no more.
func echoes(s *scene, stream serverSide) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			s.logf("recv %v", err)
			if err == io.EOF {
				return nil
			}
			return err
		}
		if err := stream.Send("<" + m + ">"); err != nil {
			s.logf("send %v", err)
			return err
		}
	}
}

var streamKinds = []streamCase{
	{"both", streams(echoes, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		for i := range 3 {
			s.report("send %v", stream.Send(fmt.Sprint(i)))
			m, err := stream.Recv()
			s.report("%q %v", m, err)
		}
		for range 5 {
			s.report("send %v", stream.Send(""))
		}
		s.report("close %v %v", stream.CloseSend(), stream.CloseSend())
		s.drain(stream)
		header, err := stream.Header()
		s.report("%v %v %v", header, err, stream.Trailer())
		s.report("done %v", stream.Context().Err())
		s.report("close %v", stream.CloseSend())
		s.handled(1)
	})},
	{"server streaming", streams(func(s *scene, stream serverSide) error {
		m, err := stream.Recv()
		s.logf("%q %v", m, err)
		_, err = stream.Recv()
		s.logf("again %v", err)
		for i := range 3 {
			s.logf("send %v", stream.Send(m+fmt.Sprint(i)))
		}
		stream.SetTrailer("t", "1")
		return nil
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Server", nil)
		s.report("send %v", stream.Send("x")) // which closes, too
		s.drain(stream)
		s.report("%v", stream.Trailer())
		s.handled(1)
	})},
	{"server streaming, send twice", streams(echoes, func(s *scene) {
		stream := s.open(s.t.Context(), "Server", nil)
		s.report("send %v", stream.Send("x"))
		s.report("send %v", stream.Send("y"))
	})},
	{"server streaming, no request", streams(func(s *scene, stream serverSide) error {
		_, err := stream.Recv()
		s.logf("%v", err)
		return errors.New("of the handler")
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Server", nil)
		s.report("close %v", stream.CloseSend())
		s.drain(stream)
		s.handled(1)
	})},
	{"client streaming", streams(func(s *scene, stream serverSide) error {
		all := ""
		for {
			m, err := stream.Recv()
			if err != nil {
				s.logf("%v", err)
				break
			}
			all += m
		}
		return stream.Send(all)
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Client", nil)
		for i := range 3 {
			s.report("send %v", stream.Send(fmt.Sprint(i)))
		}
		s.report("close %v", stream.CloseSend())
		s.drain(stream)
		s.handled(1)
	})},
	{"client streaming, no reply", streams(func(s *scene, stream serverSide) error { return nil }, func(s *scene) {
		s.drain(s.open(s.t.Context(), "Client", nil))
	})},
	{"client streaming, two replies", streams(func(s *scene, stream serverSide) error {
		stream.Send("1")
		return stream.Send("2")
	}, func(s *scene) {
		_, err := s.open(s.t.Context(), "Client", nil).Recv()
		s.report("%v", err)
	})},
	{"client streaming, error after the reply", streams(func(s *scene, stream serverSide) error {
		stream.Send("1")
		return s.k.err(9, "no after all")
	}, func(s *scene) {
		s.drain(s.open(s.t.Context(), "Client", nil))
	})},
	{"unary as a stream", streams(nil, func(s *scene) {
		for _, m := range []string{"x", "fail"} {
			o := new(streamOptions)
			stream, err := s.c.open(s.t.Context(), "Unary", false, false, o)
			s.report("%v", err)
			s.report("send %v", stream.Send(m))
			s.drain(stream)
			header, err := stream.Header()
			s.report("%v %v %v", header, err, stream.Trailer())
			s.report("%s", o.seen())
		}
		stream, _ := s.c.open(s.t.Context(), "Unary", true, true, nil)
		s.report("%v %v", stream.Send("x"), stream.CloseSend())
		s.drain(stream)
		stream, _ = s.c.open(s.t.Context(), "Unary", true, true, nil)
		s.report("%v %v %v", stream.Send("x"), stream.Send("y"), stream.CloseSend())
		s.drain(stream)
		stream, _ = s.c.open(s.t.Context(), "Unary", true, true, nil)
		s.report("%v", stream.CloseSend())
		s.drain(stream)
	})},
	{"streams as unary", streams(func(s *scene, stream serverSide) error {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		stream.SetHeader("h", "1")
		stream.SetTrailer("t", "1")
		switch m {
		case "none":
			return nil
		case "fail":
			return s.k.err(5, "nothing")
		case "two":
			stream.Send(m)
		}
		return stream.Send(m)
	}, func(s *scene) {
		for _, method := range []string{"Both", "Client", "Server"} {
			for _, req := range []string{"x", "none", "fail", "two"} {
				o := new(streamOptions)
				reply, err := s.c.invoke(s.t.Context(), method, req, o)
				if err != nil {
					reply = ""
				}
				s.report("%s %s: %s %v", method, req, reply, err)
				if req != "two" {
					s.report("%s", o.seen())
				}
			}
		}
	})},
}

// endsWith is a case of a handler that receives a message, answers with one if that says so, and returns an error.
func endsWith(err func(k kit) error) func(*testing.T, kit, func(string, ...any)) {
	return streams(func(s *scene, stream serverSide) error {
		if m, _ := stream.Recv(); m == "answer" {
			stream.Send("answer")
		}
		return err(s.k)
	}, func(s *scene) {
		for _, m := range []string{"answer", "none"} {
			o := new(streamOptions)
			stream := s.open(s.t.Context(), "Both", o)
			s.report("%v", stream.Send(m))
			var last error
			for last == nil {
				var reply string
				if reply, last = stream.Recv(); last == nil {
					s.report("%s", reply)
				}
			}
			s.report("%v %+v", last, s.k.outcome(last))
			s.report("%v", stream.Trailer())
			s.report("%v", stream.Send("late"))
			header, err := stream.Header()
			s.report("%v %v", header, err)
			s.report("%s", o.seen())
		}
	})
}

func always(err error) func(kit) error { return func(kit) error { return err } }

var streamEnds = []streamCase{
	{"OK", endsWith(always(nil))},
	{"plain error", endsWith(always(errPlain))},
	{"EOF", endsWith(always(io.EOF))},
	{"context deadline", endsWith(always(fmt.Errorf("late: %w", context.DeadlineExceeded)))},
	{"context canceled", endsWith(always(context.Canceled))},
	{"status", endsWith(func(k kit) error { return k.err(5, "no such thing") })},
	{"unknown code", endsWith(func(k kit) error { return k.err(77, "odd") })},
	{"details", endsWith(func(k kit) error { return k.err(9, "see", wrapperspb.String("a"), durationpb.New(1)) })},
	{"invalid UTF-8", endsWith(func(k kit) error { return k.err(13, "a\xff") })},
	{"OK as error", endsWith(func(k kit) error { return k.okError() })},
	{"the server ends first", streams(func(s *scene, stream serverSide) error {
		stream.Recv()
		return s.k.err(8, "enough")
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		var err error
		for err == nil {
			err = stream.Send("x")
			time.Sleep(time.Millisecond)
		}
		s.report("%v", err)
		s.report("%v", stream.CloseSend())
		s.drain(stream)
	})},
	{"the server ends first, client streaming", streams(func(s *scene, stream serverSide) error {
		return stream.Send("early")
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Client", nil)
		var err error
		for err == nil {
			err = stream.Send("x")
			time.Sleep(time.Millisecond)
		}
		s.report("%v %v", err, stream.CloseSend())
		s.drain(stream)
	})},
	{"send after close", streams(func(_ *scene, stream serverSide) error {
		// Not before the client has ended it: what it sees would depend on whether the server's end has come.
		<-stream.Context().Done()
		return stream.Context().Err()
	}, func(s *scene) {
		o := new(streamOptions)
		stream := s.open(s.t.Context(), "Both", o)
		s.report("%v", stream.CloseSend())
		s.report("%v", stream.Send("x"))
		s.report("%v", stream.Send("x"))
		s.report("%v", o.seen())
		s.report("%v", stream.Context().Err())
	})},
	{"what cannot be sent", streams(echoes, func(s *scene) {
		o := new(streamOptions)
		stream := s.open(s.t.Context(), "Both", o)
		s.report("%v", stream.Send("\xff"))
		s.report("%v", stream.Send("x"))
		s.drain(stream)
		s.report("%v", o.seen())
	})},
	{"what the server cannot send", streams(func(s *scene, stream serverSide) error {
		s.logf("%v", stream.SetHeader("h", "1"))
		s.logf("%v", stream.Send("\xff"))
		s.logf("%v", stream.Context().Err())
		s.logf("%v", stream.Send("x"))
		s.logf("%v %v", stream.SetHeader("h", "1"), stream.SendHeader())
		stream.SetTrailer("t", "1")
		return s.k.err(5, "of the handler")
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		s.drain(stream)
		header, _ := stream.Header()
		s.report("%v %v", header, stream.Trailer())
		s.handled(1)
	})},
	{"after the handler", func(t *testing.T, k kit, report func(string, ...any)) {
		var kept serverSide
		streams(func(_ *scene, stream serverSide) error { kept = stream; return nil }, func(s *scene) {
			s.drain(s.open(s.t.Context(), "Both", nil))
			<-kept.Context().Done()
			report("%v %v", kept.Context().Err(), kept.Send("x"))
			_, err := kept.Recv()
			report("%v", err)
			report("%v %v", kept.SetHeader("h", "1"), kept.SendHeader("h", "1"))
		})(t, k, report)
	}},
	{"stopped", streams(echoes, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		s.report("%v", stream.Send("x"))
		m, err := stream.Recv()
		s.report("%s %v", m, err)
		stopped := make(chan struct{})
		go func() {
			s.c.server.GracefulStop()
			close(stopped)
		}()
		select {
		case <-stopped:
			s.report("stopped with a handler")
		case <-time.After(20 * time.Millisecond):
		}
		s.report("%v", stream.CloseSend())
		s.drain(stream)
		<-stopped
		s.handled(1)
	})},
}
