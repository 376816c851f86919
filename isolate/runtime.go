package isolate

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// Runtime is what a function has of its host: what it may call, and what it serves. It is safe for concurrent use, and nil is the runtime
// of a process without a host: there is nothing to call, and nobody calls.
type Runtime struct {
	host  *channel.Conn
	turns turns // of host
	protocol.Welcome
	// methods are those that the function calls, by full name.
	methods map[string]*Method
	// services are those of the methods, and of what direct channels were given for, by name.
	services map[string]*service
	exports  map[string]bool

	// bound are the handlers, by full name. The map is replaced, not changed.
	bound atomic.Pointer[map[string]handler]
	mu    sync.Mutex // guards the replacement, and what follows
	// peers are the isolates at the other ends of channels.
	peers  map[*peer]bool
	closed bool
	// welcomed is set when the host has said what there is to know, and early is what to do then.
	welcomed bool
	early    []func()

	// direct are the services for which it makes no difference what was dialled.
	direct sync.Map
}

// service is a service that the function calls.
type service struct {
	// peer is the channel to the isolate that serves it, nil while calls go to the host.
	peer atomic.Pointer[peer]
}

// handler is what serves a method: one of the two kinds.
type handler struct {
	unary  UnaryHandler
	stream StreamHandler
}

// New returns the runtime of a function whose host is at the other end of a link, which it owns. It waits for the host's welcome.
func New(link *channel.Link) (*Runtime, error) {
	r := &Runtime{peers: map[*peer]bool{}, turns: newTurns()}
	r.bound.Store(&map[string]handler{})
	r.host = channel.New(link, channel.Config{
		Serve: func(c *channel.ServerCall) { r.serve(c, r.turns, nil) },
		Files: r.receiveFiles,
	})
	if err := r.hello(); err != nil {
		r.host.Close()
		return nil, err
	}
	r.host.SetMaxMessage(r.MaxMessage)
	r.host.SetWaiting(r.waiting())
	r.connectEarly()
	return r, nil
}

// Done is closed when the host has gone.
func (r *Runtime) Done() <-chan struct{} { return r.host.Done() }

// Close ends the channel to the host and those to other isolates.
func (r *Runtime) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for p := range r.peers {
		p.conn.Close()
	}
	r.host.Close()
}

// Settle waits until what this process has answered has left it, so that it arrives even if the process ends at once, and no longer than
// the others read.
func (r *Runtime) Settle() {
	if r == nil {
		return
	}
	r.mu.Lock()
	conns := []*channel.Conn{r.host}
	for p := range r.peers {
		conns = append(conns, p.conn)
	}
	r.mu.Unlock()
	for _, conn := range conns {
		conn.Settle(context.Background())
	}
}

// current is the runtime of this process.
var current atomic.Pointer[Runtime]

// Default returns the runtime of this process, nil if no host has started it.
func Default() *Runtime { return current.Load() }

// SetDefault makes r the runtime of this process, and returns the one before. It is for tests.
func SetDefault(r *Runtime) (before *Runtime) { return current.Swap(r) }

// bind makes h the handler of a method, if the app has the function for it. It reports whether that is so.
func (r *Runtime) bind(fullMethod string, h handler) bool {
	if r == nil || !r.exports[fullMethod] {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	bound := maps.Clone(*r.bound.Load())
	bound[fullMethod] = h
	r.bound.Store(&bound)
	return true
}

// BindUnary makes h serve a unary method, and BindStream a streaming one, in place of any other. They report whether the app has this
// function for it.
func (r *Runtime) BindUnary(fullMethod string, h UnaryHandler) bool {
	return r.bind(fullMethod, handler{unary: h})
}

func (r *Runtime) BindStream(fullMethod string, h StreamHandler) bool {
	return r.bind(fullMethod, handler{stream: h})
}
