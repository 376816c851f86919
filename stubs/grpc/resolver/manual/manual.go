// Package manual stands in for google.golang.org/grpc/resolver/manual in a guest: a resolver that says what it is told to.
//
// Inert in a guest: connections build no resolver, so states are kept and nobody asks for them. Somebody else who builds one
// gets them.
package manual

import (
	"sync"

	"github.com/cofaas/cofaas/stubs/grpc/resolver"
)

// Resolver is its own builder. Make one with [NewBuilderWithScheme], for one connection. The callbacks must not be nil, nor
// change once the resolver may be built.
type Resolver struct {
	// BuildCallback is called by Build.
	BuildCallback func(resolver.Target, resolver.ClientConn, resolver.BuildOptions)
	// UpdateStateCallback is told what the connection returned for a state.
	UpdateStateCallback func(err error)
	// ResolveNowCallback is called by ResolveNow.
	ResolveNowCallback func(resolver.ResolveNowOptions)
	// CloseCallback is called by Close.
	CloseCallback func()

	scheme string

	mu    sync.Mutex
	cc    resolver.ClientConn // nil until built
	state *resolver.State     // the last one; nil if there was none
}

var (
	_ resolver.Builder  = (*Resolver)(nil)
	_ resolver.Resolver = (*Resolver)(nil)
)

// NewBuilderWithScheme returns a resolver for a scheme, with callbacks that do nothing.
func NewBuilderWithScheme(scheme string) *Resolver {
	return &Resolver{
		scheme:              scheme,
		BuildCallback:       func(resolver.Target, resolver.ClientConn, resolver.BuildOptions) {},
		UpdateStateCallback: func(error) {},
		ResolveNowCallback:  func(resolver.ResolveNowOptions) {},
		CloseCallback:       func() {},
	}
}

// InitialState sets the state that the connection gets first. Call it before the resolver may be built.
func (r *Resolver) InitialState(s resolver.State) { r.state = &s }

// Build returns r, and passes the last state on to cc.
func (r *Resolver) Build(target resolver.Target, cc resolver.ClientConn, opts resolver.BuildOptions) (resolver.Resolver, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.BuildCallback(target, cc, opts)
	r.cc = cc
	if r.state != nil {
		err := cc.UpdateState(*r.state)
		go r.UpdateStateCallback(err) // which may call r
	}
	return r, nil
}

// Scheme returns the scheme.
func (r *Resolver) Scheme() string { return r.scheme }

// ResolveNow calls its callback.
func (r *Resolver) ResolveNow(o resolver.ResolveNowOptions) { r.ResolveNowCallback(o) }

// Close calls its callback.
func (r *Resolver) Close() { r.CloseCallback() }

// UpdateState passes a state on to the connection, or keeps it for the one that r will be built for.
func (r *Resolver) UpdateState(s resolver.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = &s
	if r.cc != nil {
		r.UpdateStateCallback(r.cc.UpdateState(s))
	}
}

// CC returns the connection that r was last built for. It panics if r was never built, as always in a guest.
func (r *Resolver) CC() resolver.ClientConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cc == nil {
		panic("Manual resolver instance has not yet been built.")
	}
	return r.cc
}
