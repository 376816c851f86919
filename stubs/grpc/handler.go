package grpc

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// boundMethod is a method that is bound to an export. All that a call needs is found here, so that a call looks nothing
// up.
type boundMethod struct {
	server      *Server
	impl        any
	fullMethod  string
	handler     MethodHandler
	interceptor UnaryServerInterceptor // nil if there is none
	stats       statsHandlers
	direct      guest.DirectHandler // does what handler does, or nil
}

// bound are the methods that some server of this guest serves.
var bound struct {
	mu      sync.Mutex
	methods map[string]*Server
}

// bind connects a method to its export, if there is one and no other server has it.
func (s *Server) bind(fullMethod string, d *MethodDesc, impl any) {
	bound.mu.Lock()
	defer bound.mu.Unlock()
	if other := bound.methods[fullMethod]; other != nil && !other.stopped.Load() {
		logger.Warningf("grpc: %s is served by another server of this guest", fullMethod)
		return
	}
	m := &boundMethod{
		server:      s,
		impl:        impl,
		fullMethod:  fullMethod,
		handler:     d.Handler,
		interceptor: s.opts.unaryInt,
		stats:       s.opts.stats,
	}
	if !bindExport(fullMethod, m) {
		return
	}
	if bound.methods == nil {
		bound.methods = make(map[string]*Server)
	}
	bound.methods[fullMethod] = s
}

// functionName returns the name of a function in package runtime's form.
func functionName(h MethodHandler) string {
	return runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
}

// Serve is the hot path of a guest that is called. It implements guest.Handler.
func (m *boundMethod) Serve(c *guest.ServerCall) *guest.Status {
	if m.direct == nil {
		reply, st := m.serve(c)
		if st != nil {
			return st
		}
		return c.Lower(reply)
	}
	s := m.server
	if !s.enter() {
		return s.refuse()
	}
	ctx := newServerContext(m, c, c.Deadline())
	err := m.direct.Serve(ctx, c)
	ctx.finish()
	s.leave()
	if err != nil {
		return m.failed(err)
	}
	return nil
}

// refuse is leave for a handler that may not run, and returns the status of its call.
func (s *Server) refuse() *guest.Status {
	s.leave()
	return guestError(codes.Unavailable, ErrServerStopped.Error())
}

// serve calls the handler.
func (m *boundMethod) serve(call serverCall) (any, *guest.Status) {
	if !m.server.enter() {
		return nil, m.server.refuse()
	}
	ctx := newServerContext(m, call, call.Deadline())
	var reply any
	var err error
	if m.stats == nil {
		reply, err = m.handler(m.impl, ctx, call.Decoder(), m.interceptor)
	} else {
		reply, err = m.serveWithStats(ctx, call)
	}
	ctx.finish()
	m.server.leave()
	if err != nil {
		return nil, m.failed(err)
	}
	if isNil(reply) {
		return m.emptyReply(reply)
	}
	return reply, nil
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
	name := strings.ReplaceAll(strings.TrimPrefix(m.fullMethod, "/"), "/", ".")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if method, ok := d.(protoreflect.MethodDescriptor); err == nil && ok {
		if t, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName()); err == nil {
			return t.New().Interface(), nil
		}
	}
	return nil, guestError(codes.Internal, "grpc: the handler of "+m.fullMethod+" returned neither a reply nor an error")
}
