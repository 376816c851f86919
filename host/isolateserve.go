package host

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// serve serves a call of an isolate: one to another function, or one to the host itself.
func (i *isolate) serve(c *channel.ServerCall) {
	toHost := strings.HasPrefix(c.Method, protocol.Prefix)
	switch {
	case toHost && c.Stream == nil:
		i.serveRuntime(c)
	case c.Stream != nil:
		i.serveStream(c)
	default:
		i.serveUnary(c)
	}
}

func (i *isolate) serveUnary(c *channel.ServerCall) {
	i.calls.Add(1)
	defer i.calls.Add(-1)
	var reply wireMessage
	cc, st := i.callContext(c)
	e := i.fn.unary[c.Method]
	if st == nil && e == nil {
		st = unknownMethod(c.Method)
	}
	if st == nil {
		reply, st = i.answer(c, e, cc)
	}
	_ = c.Reply(encodeStatus(st), cc.replyMeta, reply.bytes()) // or the isolate is gone
	reply.free()
}

// answer has a unary call answered.
func (i *isolate) answer(c *channel.ServerCall, e *edge, cc *callContext) (reply wireMessage, st *status.Status) {
	ctx, cancel := cc.context(i.ctx)
	defer cancel()
	c.OnCancel(cancel)
	to, conn, st := i.destination(e, c.Route)
	call := i.fn.host.profile.call(e.profileTo(to))
	defer func() { call.end(c.Request, &reply, st) }()
	switch {
	case st != nil:
		return wireMessage{}, st
	case to != nil:
		return to.invoke(ctx, c.Request, cc)
	default:
		return conn.invoke(ctx, e.method, c.Request, cc)
	}
}

func (i *isolate) serveStream(c *channel.ServerCall) {
	i.calls.Add(1)
	defer i.calls.Add(-1)
	i.streams.Add(1)
	defer i.streams.Add(-1)
	cc, st := i.callContext(c)
	ctx, cancel := cc.context(i.ctx)
	defer cancel()
	c.OnCancel(cancel)
	var client serverStream = &isolateServer{c.Stream, ctx}
	e := i.fn.streams[c.Method]
	if st == nil && e == nil {
		st = unknownMethod(c.Method)
	}
	var to *exportMethod
	var conn *remoteConn
	if st == nil {
		to, conn, st = i.destination(e, c.Route)
		client = e.profileTo(to).stream(i.fn.host.profile).wire(client)
	}
	switch {
	case st != nil:
		client.end(st, nil)
	case to != nil:
		to.serveStream(ctx, client, cc)
	default:
		relayStream(ctx, e.method, client, conn, cc)
	}
}

// callContext is what has come beside the messages of a call.
func (i *isolate) callContext(c *channel.ServerCall) (*callContext, *status.Status) {
	cc := &callContext{
		depth: int(c.Flags >> protocol.DepthShift), deadline: c.Deadline, options: c.Options,
		wantHeaders: c.Flags&protocol.WantsHeaders != 0, waitsForReady: c.Flags&protocol.WaitsForReady != 0,
	}
	var err error
	if cc.meta, err = checkedMeta(c.Metadata); err != nil {
		return cc, callError(i.fn.name, err)
	}
	return cc, cc.tooDeep()
}

// destination says who answers a call: an export, or what a connection leads to; or how the call fails.
func (i *isolate) destination(e *edge, number uint32) (*exportMethod, *remoteConn, *status.Status) {
	if number == 0 {
		return e.unrouted()
	}
	r := i.fn.routes.get(&i.routes, number)
	if r == nil || r.calls != e.calls {
		return nil, nil, errConnClosing()
	}
	fn, conn, st := r.resolve()
	if fn != nil {
		return fn.export(e.method), nil, st
	}
	return nil, conn, st
}

// unknownMethod is the status of a call that the function was not seen to make.
func unknownMethod(name string) *status.Status {
	service, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	return status.Newf(codes.Unimplemented, "unknown method %s for service %s", method, service)
}

// isolateServer is a streaming call of an isolate as its server uses it.
type isolateServer struct {
	stream *channel.Stream
	ctx    context.Context
}

func (s *isolateServer) recv() (wireMessage, error) {
	b, err := s.stream.Recv(s.ctx)
	if err != nil {
		return wireMessage{}, err
	}
	return lentBytes(b), nil
}

func (s *isolateServer) send(m wireMessage) error {
	defer m.free()
	return s.stream.Send(s.ctx, m.bytes())
}

func (s *isolateServer) sendHeader(meta []byte, _ bool) error { return s.stream.SendHeader(meta) }

func (s *isolateServer) end(st *status.Status, trailer []byte) {
	_ = s.stream.End(encodeStatus(st), trailer) // or the isolate is gone
}
