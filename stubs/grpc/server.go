package grpc

import (
	"context"
	"errors"
	"math"
	"net"
	"reflect"
	"sync"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/grpclog"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
)

var logger = grpclog.Component("core")

// ErrServerStopped is returned by [Server.Serve] after [Server.Stop] or [Server.GracefulStop].
var ErrServerStopped = errors.New("grpc: the server has been stopped")

// Server serves the methods that this guest exports. It is safe for concurrent use.
type Server struct {
	opts     serverOptions
	exchange *exchange // nil if there is nothing to do with messages

	mu        sync.Mutex
	services  map[string]*registeredService
	listeners map[net.Listener]struct{}
	sealed    bool           // Serve was called
	idle      *sync.Cond     // active became 0 after stopped was set
	watched   *serverContext // a list of those that Stop is to cancel
	done      chan struct{}  // closed when Stop or GracefulStop has done what it does

	serving coop.Bool  // Serve was called, and nothing that ends it
	stopped coop.Bool  // Stop or GracefulStop was called
	cut     coop.Bool  // Stop was called
	active  coop.Int32 // handlers that run
}

// registeredService is what [Server.GetServiceInfo] tells about.
type registeredService struct {
	methods []MethodInfo
	desc    *ServiceDesc
}

// NewServer returns a server without services.
func NewServer(opt ...ServerOption) *Server {
	s := &Server{
		services:  make(map[string]*registeredService),
		listeners: make(map[net.Listener]struct{}),
		done:      make(chan struct{}),
	}
	s.idle = sync.NewCond(&s.mu)
	s.opts.maxRecv, s.opts.maxSend = defaultMaxRecv, math.MaxInt32
	for _, o := range opt {
		o.apply(&s.opts)
	}
	s.opts.chain()
	s.exchange = newExchange(s.opts.maxSend, s.opts.maxRecv, s.opts.codec)
	return s
}

// RegisterService registers a service, before Serve. Methods that the guest exports are served from then on; others,
// such as those of health checks, are answered by the host. It logs and exits when impl does not implement the service,
// when the service is registered already and when the server serves.
func (s *Server) RegisterService(sd *ServiceDesc, impl any) {
	if impl != nil {
		want := reflect.TypeOf(sd.HandlerType).Elem()
		if got := reflect.TypeOf(impl); !got.Implements(want) {
			logger.Fatalf("grpc: Server.RegisterService found the handler of type %v that does not satisfy %v", got, want)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed {
		logger.Fatalf("grpc: Server.RegisterService after Server.Serve for %q", sd.ServiceName)
	}
	if s.services[sd.ServiceName] != nil {
		logger.Fatalf("grpc: Server.RegisterService found duplicate service registration for %q", sd.ServiceName)
	}
	service := &registeredService{desc: sd}
	for i := range sd.Methods {
		d := &sd.Methods[i]
		service.methods = append(service.methods, MethodInfo{Name: d.MethodName})
		s.bindMethod("/"+sd.ServiceName+"/"+d.MethodName, d, impl)
	}
	for i := range sd.Streams {
		d := &sd.Streams[i]
		service.methods = append(service.methods, MethodInfo{
			Name:           d.StreamName,
			IsClientStream: d.ClientStreams,
			IsServerStream: d.ServerStreams,
		})
		s.bindStream("/"+sd.ServiceName+"/"+d.StreamName, d, impl)
	}
	s.services[sd.ServiceName] = service
}

// GetServiceInfo returns the registered services by name.
func (s *Server) GetServiceInfo() map[string]ServiceInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	infos := make(map[string]ServiceInfo, len(s.services))
	for name, service := range s.services {
		infos[name] = ServiceInfo{
			Methods:  append([]MethodInfo{}, service.methods...),
			Metadata: service.desc.Metadata,
		}
	}
	return infos
}

// Serve tells the host that the function serves on the listener's address and blocks until Stop or GracefulStop have returned, when it
// returns nil, or until the listener is closed, when it returns the listener's error. It closes the listener.
func (s *Server) Serve(lis net.Listener) error {
	s.mu.Lock()
	s.sealed = true
	if s.stopped.Load() {
		s.mu.Unlock()
		lis.Close()
		return ErrServerStopped
	}
	s.listeners[lis] = struct{}{}
	s.serving.Store(true)
	s.mu.Unlock()

	addr := lis.Addr()
	ready(addr.Network(), addr.String())
	releaseHeld()
	for {
		conn, err := lis.Accept()
		if err == nil {
			// Calls do not come through listeners, so whoever dialled this one gets nothing here.
			logger.Warningf("grpc: Server.Serve closes a connection to %v: a guest serves no connections", addr)
			conn.Close()
			continue
		}
		s.mu.Lock()
		stopped := s.stopped.Load()
		delete(s.listeners, lis)
		s.mu.Unlock()
		if stopped {
			// As in grpc-go: main may return now, and calls that GracefulStop waits for would end with it.
			<-s.done
			return nil
		}
		lis.Close()
		return err
	}
}

// Stop makes Serve return and cancels the contexts of handlers that run. Their calls fail, when they have returned, and so do those that
// arrive later.
func (s *Server) Stop() {
	s.stop()
	s.mu.Lock()
	s.cut.Store(true)
	var watched []*serverContext
	for c := s.watched; c != nil; c = c.extra.next {
		watched = append(watched, c)
	}
	s.mu.Unlock()
	for _, c := range watched {
		c.cancel(context.Canceled)
	}
	s.finish()
}

// GracefulStop makes Serve return, and waits for the handlers that run and for their answers to be sent.
func (s *Server) GracefulStop() {
	s.stop()
	s.mu.Lock()
	for s.active.Load() > 0 {
		s.idle.Wait()
	}
	s.mu.Unlock()
	settle()
	s.finish()
}

// finish lets Serve return.
func (s *Server) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
}

func (s *Server) stop() {
	s.mu.Lock()
	s.stopped.Store(true)
	s.serving.Store(false)
	listeners := s.listeners
	s.listeners = map[net.Listener]struct{}{}
	s.mu.Unlock()
	for lis := range listeners {
		lis.Close()
	}
}

// enter counts a handler that is about to run, until leave. It reports false, and counts nothing, if the server does not serve.
func (s *Server) enter() bool {
	// Counted before the look at serving: GracefulStop resets that before it looks at the count.
	s.active.Add(1)
	return s.serving.Load() || s.closed()
}

// closed undoes enter.
func (s *Server) closed() bool {
	s.leave()
	return false
}

// leave reports that Stop was called while the handler ran.
func (s *Server) leave() bool {
	s.active.Add(-1)
	return !s.serving.Load() && s.left()
}

// leaveAnswering is leave for a call whose answer is yet to be sent: GracefulStop waits for that, too.
func (s *Server) leaveAnswering(call serverCall) bool {
	if !call.OnAnswer((*answers)(s)) {
		return s.leave()
	}
	return !s.serving.Load() && s.cut.Load()
}

// answers is a server that waits for its answers to be sent.
type answers Server

// Answered implements guest.AnswerWatcher.
func (a *answers) Answered() { (*Server)(a).leave() }

// left ends the wait of GracefulStop.
func (s *Server) left() bool {
	if s.active.Load() == 0 {
		s.mu.Lock()
		s.idle.Broadcast()
		s.mu.Unlock()
	}
	return s.cut.Load()
}

// errCutOff is the outcome of a call whose server was stopped.
var errCutOff = guestError(codes.Unavailable, ErrServerStopped.Error())

// watch makes c known to Stop, until unwatch. The lock of c is held.
func (s *Server) watch(c *serverContext) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.extra.watched = true
	if c.extra.next = s.watched; s.watched != nil {
		s.watched.extra.prev = c
	}
	s.watched = c
}

func (s *Server) unwatch(c *serverContext) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := c.extra
	if x.next != nil {
		x.next.extra.prev = x.prev
	}
	if x.prev != nil {
		x.prev.extra.next = x.next
	} else {
		s.watched = x.next
	}
	x.prev, x.next, x.watched = nil, nil, false
}
