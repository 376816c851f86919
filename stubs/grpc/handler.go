package grpc

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// servedMethod is a method that a server serves.
type servedMethod struct {
	server     *Server
	impl       any
	fullMethod string
	stats      statsHandlers
	exchange   *exchange
}

// boundMethod is a unary method that is bound to an export. All that a call needs is found here, so that a call looks nothing
// up.
type boundMethod struct {
	servedMethod
	handler     MethodHandler
	interceptor UnaryServerInterceptor // nil if there is none
	direct      guest.DirectHandler    // does what handler does, or nil
}

// bound are the methods that some server of this guest has.
var bound struct {
	mu      sync.Mutex
	methods map[string]binding
	served  chan struct{} // closed when the next server begins to serve; nil while nobody waits
}

// binding is who has a method: a server, with one of the two kinds.
type binding struct {
	server *Server
	unary  *boundMethod
	stream *boundStream
}

func (s *Server) served(fullMethod string, impl any) servedMethod {
	return servedMethod{server: s, impl: impl, fullMethod: fullMethod, stats: s.opts.stats, exchange: s.exchange}
}

// bindMethod connects a unary method to its export.
func (s *Server) bindMethod(fullMethod string, d *MethodDesc, impl any) {
	m := &boundMethod{
		servedMethod: s.served(fullMethod, impl),
		handler:      d.Handler,
		interceptor:  s.opts.unaryInt,
	}
	s.bind(fullMethod, binding{server: s, unary: m}, func() bool { return bindExport(fullMethod, m) })
}

// bindStream connects a streaming method to its export.
func (s *Server) bindStream(fullMethod string, d *StreamDesc, impl any) {
	m := &boundStream{
		servedMethod: s.served(fullMethod, impl),
		desc:         d,
		interceptor:  s.opts.streamInt,
		rare:         s.opts.stats != nil || s.exchange != nil,
	}
	s.bind(fullMethod, binding{server: s, stream: m}, func() bool { return bindStreamExport(fullMethod, m) })
}

// bind connects a method to its export, by a function that reports whether there is one, unless another server has it.
func (s *Server) bind(fullMethod string, b binding, bindTo func() bool) {
	bound.mu.Lock()
	defer bound.mu.Unlock()
	if other := bound.methods[fullMethod].server; other != nil && !other.stopped.Load() {
		logger.Warningf("grpc: %s is served by another server of this guest", fullMethod)
		return
	}
	if !bindTo() {
		return
	}
	if bound.methods == nil {
		bound.methods = make(map[string]binding)
	}
	bound.methods[fullMethod] = b
}

// functionName returns the name of a function in package runtime's form.
func functionName(h MethodHandler) string {
	return runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
}

// bindToGuest reports whether the guest exports the method.
func bindToGuest(fullMethod string, m *boundMethod) bool {
	export := guest.FindExport(fullMethod)
	if export == nil {
		return false
	}
	if m.interceptor == nil && m.stats == nil && m.exchange == nil {
		m.direct = export.Direct(functionName(m.handler), m.impl)
	}
	export.Bind(m)
	return true
}

// Serve is the hot path of a guest that is called. It implements guest.Handler.
func (m *boundMethod) Serve(c *guest.ServerCall) *guest.Status {
	if m.direct == nil || c.IsLarge() {
		return m.serveAndLower(c)
	}
	// Written out, since they are a little too much for the compiler to inline: enter, newServerContext and leave.
	s := m.server
	s.active.Add(1)
	if !s.serving.Load() {
		s.leave()
		return m.serveAndLower(c)
	}
	ctx := contexts.get()
	ctx.method, ctx.call, ctx.deadline = &m.servedMethod, c, c.Deadline()
	c.OnCancel(ctx)
	err := m.direct.Serve(ctx, c)
	st := ctx.finish()
	s.active.Add(-1)
	if !s.serving.Load() && s.left() {
		return errCutOff
	}
	if err != nil {
		return m.failed(err)
	}
	return st
}

func (m *boundMethod) serveAndLower(c *guest.ServerCall) *guest.Status {
	reply, st := m.serve(c)
	if st != nil {
		return st
	}
	return c.Lower(reply)
}

// serve calls the handler.
func (m *boundMethod) serve(call serverCall) (any, *guest.Status) {
	if !m.server.enter() {
		next, held, st := m.hold(call)
		if st != nil {
			return nil, st
		}
		return next.unary.serve(held)
	}
	ctx := newServerContext(&m.servedMethod, call, call.Deadline())
	var reply any
	var err error
	switch {
	case m.stats != nil:
		reply, err = m.serveWithStats(ctx, call)
	case m.exchange != nil:
		reply, err = m.handleExchange(ctx, m.decoder(call))
	default:
		reply, err = m.handler(m.impl, ctx, m.decoder(call), m.interceptor)
	}
	st := ctx.finish()
	switch {
	case m.server.leaveAnswering(call):
		return nil, errCutOff
	case err != nil:
		return nil, m.failed(err)
	case st != nil:
		return nil, st
	}
	if isNil(reply) {
		return m.emptyReply(reply)
	}
	return reply, nil
}

// handleExchange calls the handler, and does what is to be done with messages.
func (m *boundMethod) handleExchange(ctx context.Context, decode func(any) error) (any, error) {
	reply, err := m.handler(m.impl, ctx, func(req any) error { return m.exchange.in(req, m.messages(false), decode) }, m.interceptor)
	if err != nil || isNil(reply) {
		return reply, err
	}
	return m.exchange.out(reply, m.messages(true))
}

func (m *servedMethod) messages(reply bool) messages { return messages{m.fullMethod, reply} }

// decoder returns what fills requests that are not too large.
func (m *boundMethod) decoder(call serverCall) func(any) error {
	decode, limit := call.Decoder(), m.server.opts.maxRecv
	if !call.IsLarge() || isLow(limit) {
		return decode
	}
	return func(req any) error {
		if err := decode(req); err != nil {
			return err
		}
		return checkReceived(encodedSize(req), limit)
	}
}

// failed returns the status of a handler's error.
func (m *boundMethod) failed(err error) *guest.Status {
	st, ok := status.FromError(err)
	if !ok {
		st = status.FromContextError(err)
	}
	if st.Code() == codes.OK {
		// An error whose status is OK ends the call without a reply, which a client reports like this.
		return guestError(codes.Internal, "cardinality violation: received no response message from non-server-streaming RPC")
	}
	return istatus.ToGuest(st)
}

// isNil reports whether v is nil or a nil pointer. Replies are pointers to generated messages, for which the second
// word of the interface is the pointer; package reflect would tell the same, for more.
func isNil(v any) bool {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1] == nil
}

// emptyReply returns what grpc-go's client gets for a nil reply: an empty message. A nil pointer has a type; for a nil
// interface, which only interceptors return, the type is looked up by the name of the method.
func (m *boundMethod) emptyReply(reply any) (any, *guest.Status) {
	if typed, ok := reply.(proto.Message); ok {
		return typed.ProtoReflect().New().Interface(), nil
	}
	if empty := m.messages(true).registered(); empty != nil {
		return empty, nil
	}
	return nil, guestError(codes.Internal, "grpc: the handler of "+m.fullMethod+" returned neither a reply nor an error")
}
