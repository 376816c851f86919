package grpc

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// headerCase is a case of a handler, whose client looks at header and trailer.
func headerCase(handler func(s *scene, stream serverSide) error) func(*testing.T, kit, func(string, ...any)) {
	return streams(handler, func(s *scene) {
		for _, first := range []bool{true, false} {
			o := new(streamOptions)
			stream := s.open(s.t.Context(), "Both", o)
			if first {
				header, err := stream.Header()
				s.report("header %v %v", header, err)
			}
			stream.CloseSend()
			s.drain(stream)
			header, err := stream.Header()
			s.report("header %v %v trailer %v", header, err, stream.Trailer())
			s.report("%s", o.seen())
		}
		s.handled(2)
	})
}

var streamHeaders = []streamCase{
	{"with the first message", headerCase(func(s *scene, stream serverSide) error {
		s.logf("%v %v", stream.SetHeader(), stream.SetHeader("a", "1", "b-bin", "\x00\xff"))
		s.logf("%v", s.k.setHeader(stream.Context(), "A", "2", "content-type", "mine"))
		s.logf("%v", stream.Send("x"))
		s.logf("late %v %v", stream.SetHeader("c", "1"), stream.SendHeader("c", "1"))
		stream.SetTrailer("t", "1", "t-bin", "\x01")
		stream.SetTrailer()
		s.k.setTrailer(stream.Context(), "t", "2")
		return nil
	})},
	{"header sent", headerCase(func(s *scene, stream serverSide) error {
		s.logf("%v", stream.SetHeader("a", "1"))
		s.logf("%v", stream.SendHeader("a", "2"))
		s.logf("again %v %v", stream.SendHeader(), s.k.sendHeader(stream.Context()))
		s.logf("late %v", stream.SetHeader("c", "1"))
		s.logf("%v", stream.Send("x"))
		return s.k.err(3, "bad")
	})},
	{"empty header sent", headerCase(func(s *scene, stream serverSide) error {
		s.logf("%v", s.k.sendHeader(stream.Context()))
		return s.k.err(3, "bad")
	})},
	{"header at the end", headerCase(func(s *scene, stream serverSide) error {
		s.logf("%v", stream.SetHeader("a", "1"))
		return s.k.err(3, "bad")
	})},
	{"no header", headerCase(func(s *scene, stream serverSide) error {
		stream.SetTrailer("t", "1")
		return nil
	})},
	{"no header, error", headerCase(func(s *scene, stream serverSide) error {
		stream.SetTrailer("t", "1")
		return s.k.err(3, "bad")
	})},
	{"invalid", headerCase(func(s *scene, stream serverSide) error {
		s.logf("%v %v", stream.SetHeader("A B", "1"), stream.SendHeader("a", "\x01"))
		s.logf("%v", stream.SetHeader("Upper", "1"))
		return nil
	})},
	{"header before messages", streams(func(s *scene, stream serverSide) error {
		s.logf("%v", stream.SendHeader("a", "1"))
		return echoes(s, stream)
	}, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		header, err := stream.Header()
		s.report("%v %v %v", header, err, stream.Trailer())
		header["a"][0] = "changed"
		header, _ = stream.Header()
		s.report("%v", header)
		stream.CloseSend()
		s.drain(stream)
		s.handled(1)
	})},
	{"metadata and context", streams(func(s *scene, stream serverSide) error {
		ctx := stream.Context()
		md, ok := s.k.incoming(ctx)
		s.logf("%v %v", clean(md), ok)
		m, ok := s.k.method(ctx)
		s.logf("%v %v %v", m, ok, s.k.hasPeer(ctx))
		m, ok = stream.method()
		s.logf("%v %v", m, ok)
		_, ok = ctx.Deadline()
		s.logf("deadline %v", ok)
		return nil
	}, func(s *scene) {
		for i, ctx := range []context.Context{
			s.t.Context(),
			s.k.appendOut(s.k.newOut(s.t.Context(), map[string][]string{"a": {"1", "2"}, "x-bin": {"\x00"}}), "A", "3"),
		} {
			if i > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Hour)
				defer cancel()
			}
			stream := s.open(ctx, "Both", nil)
			s.report("%v", stream.hasPeer())
			_, ok := stream.Context().Deadline()
			s.report("%v %v", ok, stream.Context().Err())
			s.drain(stream)
			s.report("%v", stream.Context().Err())
			s.handled(1)
		}
		_, err := s.c.open(s.k.appendOut(s.t.Context(), "a b", "1"), "Both", true, true, nil)
		s.report("%v", err)
	})},
}

var streamCancels = []streamCase{
	{"cancel", streams(func(s *scene, stream serverSide) error {
		m, err := stream.Recv()
		s.logf("%s %v", m, err)
		stream.Send(m)
		_, err = stream.Recv()
		s.logf("recv %v", err)
		<-stream.Context().Done()
		s.logf("%v", stream.Context().Err())
		s.logf("send %v", stream.Send("x"))
		_, err = stream.Recv()
		s.logf("recv %v", err)
		return err
	}, func(s *scene) {
		o := new(streamOptions)
		ctx, cancel := context.WithCancel(s.t.Context())
		stream := s.open(ctx, "Both", o)
		stream.Send("x")
		m, err := stream.Recv()
		s.report("%s %v", m, err)
		cancel()
		s.drain(stream)
		s.report("%v %v", stream.Send("x"), stream.Trailer())
		s.report("%v", stream.Context().Err())
		s.report("%v", o.seen())
		s.handled(1)
	})},
	{"cancel while the client waits", streams(func(s *scene, stream serverSide) error {
		<-stream.Context().Done()
		return stream.Context().Err()
	}, func(s *scene) {
		for _, wait := range []func(clientSide){
			func(stream clientSide) { _, err := stream.Recv(); s.report("%v", err) },
			func(stream clientSide) { h, err := stream.Header(); s.report("%v %v", h, err) },
		} {
			ctx, cancel := context.WithCancel(s.t.Context())
			stream := s.open(ctx, "Both", nil)
			s.entered()
			time.AfterFunc(10*time.Millisecond, cancel)
			wait(stream)
			s.drain(stream)
			s.handled(1)
		}
	})},
	{"cancel while the client sends", streams(func(s *scene, stream serverSide) error {
		<-stream.Context().Done()
		return stream.Context().Err()
	}, func(s *scene) {
		ctx, cancel := context.WithCancel(s.t.Context())
		stream := s.open(ctx, "Both", nil)
		s.entered()
		time.AfterFunc(50*time.Millisecond, cancel)
		var err error
		for err == nil {
			err = stream.Send(strings.Repeat("x", 8<<10))
		}
		s.report("%v", err)
		s.drain(stream)
		s.handled(1)
	})},
	{"cancel while the server sends", streams(func(s *scene, stream serverSide) error {
		var err error
		for err == nil {
			err = stream.Send(strings.Repeat("x", 8<<10))
		}
		s.logf("%v", err)
		return err
	}, func(s *scene) {
		ctx, cancel := context.WithCancel(s.t.Context())
		s.open(ctx, "Both", nil)
		s.entered()
		time.AfterFunc(50*time.Millisecond, cancel)
		s.handled(1)
	})},
	{"deadline", within(func(t *testing.T, k kit, limit time.Duration, report func(string, ...any)) (ok bool) {
		streams(func(s *scene, stream serverSide) error {
			_, ok := stream.Context().Deadline()
			s.logf("%v", ok)
			_, err := stream.Recv()
			// Either side may notice first: the errors say which.
			s.logf("%v %v", err != nil, stream.Context().Err() != nil)
			return s.k.err(4, "as the client would have it")
		}, func(s *scene) {
			ctx, cancel := context.WithTimeout(s.t.Context(), limit)
			defer cancel()
			o := new(streamOptions)
			stream, opened := s.openWithin(ctx, "Both", o)
			if !opened {
				return
			}
			select {
			case <-s.begun:
			case <-ctx.Done():
				return
			}
			for range 2 {
				_, err := stream.Recv()
				s.report("%v", s.k.outcome(err).code)
			}
			o.seen()
			s.report("%v %v %d", stream.Send("x"), stream.Context().Err() != nil, len(o.finished))
			s.handled(1)
			ok = true
		})(t, k, report)
		return ok
	})},
	{"done before", streams(echoes, func(s *scene) {
		ctx, cancel := context.WithCancel(s.t.Context())
		cancel()
		o := new(streamOptions)
		_, err := s.c.open(ctx, "Both", true, true, o)
		s.report("%v %v", err, o.seen())
		ctx, cancel = context.WithDeadline(s.t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		_, err = s.c.open(ctx, "Both", true, true, nil)
		s.report("%v", err)
	})},
	{"closed", streams(func(s *scene, stream serverSide) error {
		stream.SendHeader("h", "1")
		<-stream.Context().Done()
		return stream.Context().Err()
	}, func(s *scene) {
		o := new(streamOptions)
		streams := []clientSide{s.open(s.t.Context(), "Both", o), s.open(s.t.Context(), "Both", nil)}
		for _, stream := range streams {
			stream.Header()
		}
		received := make(chan error)
		go func() {
			_, err := streams[1].Recv()
			received <- err
		}()
		time.Sleep(10 * time.Millisecond)
		s.report("%v", s.c.close())
		<-streams[0].Context().Done()
		s.report("%v", <-received != nil)
		_, err := s.c.open(s.t.Context(), "Both", true, true, nil)
		s.report("%v", err)
	})},
}

// clientStatsEnd reports what a client's stats handler was told, when it was told the end.
func (s *scene) clientStatsEnd() {
	for _, line := range s.log.wait(s.t, 1, "stats.End") {
		// There is no connection to wait for in a guest.
		if strings.HasPrefix(line, "client") && !strings.Contains(line, "DelayedPickComplete") {
			s.report("%s", line)
		}
	}
	s.log.reset()
}

// clientHas waits until a client's stats handler was told of an event. A transport tells of header and trailer when they come, so a handler
// that sends them waits for what comes before.
func (s *scene) clientHas(event string) {
	if _, ok := s.log.await(1, "client *stats."+event); !ok {
		s.logf("client has no %s", event)
	}
}

var streamHooks = []streamCase{
	{"interceptors", streamsWith(func(s *streamSetup) {
		s.serverInt, s.serverChain = "s0", []string{"s1", "s2"}
		s.clientInt, s.clientChain = "c0", []string{"c1", "c2"}
		s.opts = &streamOptions{ready: true}
	}, echoes, func(s *scene) {
		for _, m := range []string{"Both", "Client", "Server"} {
			stream := s.open(s.t.Context(), m, new(streamOptions))
			stream.Send(m)
			stream.CloseSend()
			s.drain(stream)
			s.log.wait(s.t, 1, "s0<")
			s.handled(1)
		}
		_, err := s.c.invoke(s.t.Context(), "Unary", "x", nil)
		s.report("%v", err)
		s.report("%v", s.log.all())
	})},
	{"chain only", streamsWith(func(s *streamSetup) {
		s.serverChain, s.clientChain = []string{"s1"}, []string{"c1"}
	}, echoes, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		stream.CloseSend()
		s.drain(stream)
		s.log.wait(s.t, 1, "s1<")
		s.handled(1)
	})},
	{"server stats", streamsWith(func(s *streamSetup) { s.serverStats = true }, func(s *scene, stream serverSide) error {
		m, err := stream.Recv()
		stream.SetHeader("h", "1")
		stream.SetTrailer("t", "1")
		switch m {
		case "send":
			s.logf("%v %v", stream.SendHeader("h", "2"), stream.Send("y"))
		case "message":
			s.logf("%v %v", stream.Send("y"), stream.Send("zz"))
		case "fail":
			return s.k.err(3, "bad")
		case "unsendable":
			stream.Send("\xff")
			return errPlain
		}
		return err
	}, func(s *scene) {
		for _, method := range []string{"Both", "Server"} {
			for _, m := range []string{"send", "message", "fail", "none", "unsendable"} {
				stream := s.open(s.t.Context(), method, nil)
				stream.Send(m)
				s.drain(stream)
				s.log.wait(s.t, 1, "stats.End")
				s.handled(1)
			}
		}
	})},
	{"client stats", streamsWith(func(s *streamSetup) { s.clientStats = true }, func(s *scene, stream serverSide) error {
		m, err := stream.Recv()
		stream.SetTrailer("t", "1")
		s.clientHas("OutPayload")
		switch m {
		case "message":
			stream.Send("y")
			s.clientHas("InPayload")
		case "fail":
			return s.k.err(3, "bad")
		case "header":
			stream.SetHeader("h", "1")
			return s.k.err(3, "bad")
		}
		return err
	}, func(s *scene) {
		for _, method := range []string{"Both", "Client", "Server"} {
			for _, m := range []string{"message", "fail", "header"} {
				stream := s.open(s.t.Context(), method, nil)
				stream.Send(m)
				stream.CloseSend()
				s.drain(stream)
				s.clientStatsEnd()
			}
		}
	})},
	{"client stats, failures", streamsWith(func(s *streamSetup) { s.clientStats = true }, func(s *scene, stream serverSide) error {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		s.clientHas("OutPayload")
		stream.Send(m)
		<-stream.Context().Done()
		return nil
	}, func(s *scene) {
		_, err := s.c.open(s.t.Context(), "Both", true, true, &streamOptions{creds: &tokenCreds{secure: true}})
		s.report("%v", err)
		s.clientStatsEnd()
		stream := s.open(s.t.Context(), "Both", nil)
		s.report("%v", stream.Send("\xff"))
		s.clientStatsEnd()
		ctx, cancel := context.WithCancel(s.t.Context())
		stream = s.open(ctx, "Both", nil)
		stream.Send("x")
		stream.Recv()
		cancel()
		s.clientStatsEnd()
	})},
	{"credentials", streams(func(s *scene, stream serverSide) error {
		s.logf("%v", s.k.incomingValue(stream.Context(), "authorization"))
		return nil
	}, func(s *scene) {
		creds := &tokenCreds{md: map[string]string{"authorization": "call"}}
		s.drain(s.open(s.t.Context(), "Both", &streamOptions{creds: creds}))
		s.report("%v", creds.uris)
		s.handled(1)
		for _, creds := range []*tokenCreds{{secure: true}, {err: errPlain}, {err: s.k.err(5, "who")}} {
			o := &streamOptions{creds: creds}
			_, err := s.c.open(s.t.Context(), "Both", true, true, o)
			s.report("%v %v", err, o.seen())
		}
	})},
	// Where a content-subtype is valid, grpc-go adds it to the content-type of the header.
	{"compressor and codec", streams(echoes, func(s *scene) {
		for _, o := range []*streamOptions{
			{compressor: "nope"}, {subtype: "nope"}, {subtype: "PROTO"}, {compressor: "identity"},
		} {
			name := fmt.Sprint(o.compressor, o.subtype)
			stream, err := s.c.open(s.t.Context(), "Both", true, true, o)
			s.report("%s %v", name, err)
			if err == nil {
				stream.CloseSend()
				_, err := stream.Recv()
				s.report("%v", err)
			}
			o.seen()
			_, err = s.c.invoke(s.t.Context(), "Unary", "x", o)
			s.report("%s %v %v", name, err, o.finished)
		}
	})},
}

var streamLimits = []streamCase{
	{"limits of the client", streamsWith(func(s *streamSetup) {}, echoes, func(s *scene) {
		for _, o := range []*streamOptions{{maxSend: 10}, {maxRecv: 10}, {maxSend: 12}, {maxRecv: 12}, {maxSend: 100}} {
			stream := s.open(s.t.Context(), "Both", o)
			s.report("%v", stream.Send("x"))
			m, err := stream.Recv()
			s.report("%s %v", m, err)
			s.report("%v", stream.Send("0123456789"))
			s.report("%v", stream.CloseSend())
			m, err = stream.Recv()
			if err != nil {
				m = ""
			}
			s.report("%s %v", m, err)
			if err == nil {
				s.drain(stream)
			}
			s.report("%v", o.seen())
			reply, err := s.c.invoke(s.t.Context(), "Unary", "0123456789", o)
			if err != nil {
				reply = ""
			}
			s.report("%s %v", reply, err)
		}
	})},
	{"limits of the server", func(t *testing.T, k kit, report func(string, ...any)) {
		for _, limit := range []int{10, 12, 14, 100} {
			for _, recv := range []bool{true, false} {
				streamsWith(func(s *streamSetup) {
					if recv {
						s.serverRecv = limit
					} else {
						s.serverSend = limit
					}
				}, echoes, func(s *scene) {
					stream := s.open(s.t.Context(), "Both", nil)
					s.report("%v", stream.Send("x"))
					m, err := stream.Recv()
					s.report("%s %v", m, err)
					s.report("%v", stream.Send("0123456789"))
					stream.CloseSend()
					s.drain(stream)
					s.handled(1)
					reply, err := s.c.invoke(s.t.Context(), "Unary", "0123456789", nil)
					s.report("%s %v", reply, err)
				})(t, k, report)
			}
		}
	}},
	{"limits of the connection", streamsWith(func(s *streamSetup) { s.opts = &streamOptions{maxRecv: 10} }, echoes, func(s *scene) {
		_, err := s.c.invoke(s.t.Context(), "Unary", "0123456789", nil)
		s.report("%v", err)
		reply, err := s.c.invoke(s.t.Context(), "Unary", "0123456789", &streamOptions{maxRecv: 100})
		s.report("%s %v", reply, err)
	})},
	{"codecs", streamsWith(func(s *streamSetup) {
		s.codec = new(testCodec)
		s.opts = &streamOptions{codec: new(testCodec), maxSend: 4, maxRecv: 4}
	}, echoes, func(s *scene) {
		stream := s.open(s.t.Context(), "Both", nil)
		s.report("%v", stream.Send("long text"))
		m, err := stream.Recv()
		s.report("%s %v", m, err)
		s.report("%v", stream.Send("1"))
		for _, req := range []string{"long text", "1", ""} {
			reply, err := s.c.invoke(s.t.Context(), "Unary", req, nil)
			s.report("%s %v", reply, err)
		}
		_, err = s.c.invoke(s.t.Context(), "Unary", "long text", &streamOptions{maxSend: 3})
		s.report("%v", err)
		_, err = s.c.invoke(s.t.Context(), "Unary", "long text", &streamOptions{maxRecv: 3})
		s.report("%v", err)
	})},
}
