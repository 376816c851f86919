package grpc

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
)

var (
	errNoTransportSecurity       = errors.New("grpc: no transport security set (use grpc.WithTransportCredentials(insecure.NewCredentials()) explicitly or set credentials)")
	errCredentialsAndBundle      = errors.New("grpc: credentials.Bundle may not be used with individual TransportCredentials")
	errNoCredentialsInBundle     = errors.New("grpc: credentials.Bundle must return non-nil transport credentials")
	errTransportSecurityRequired = errors.New("grpc: the credentials require transport level security (use grpc.WithTransportCredentials() to set)")
)

// ClientConn makes calls. There is no connection behind it: the app's plan says which function answers for a target and
// a service. It is safe for concurrent use.
type ClientConn struct {
	target      string
	parsed      parsedTarget
	authority   string
	opts        dialOptions
	perRPCCreds []credentials.PerRPCCredentials
	transport   credentials.TransportCredentials
	secure      bool // the transport credentials are not insecure ones
	// plain: a call has nothing to do but to call. plainOptions: nor do the options of the connection ask for more. direct:
	// and there is no interceptor, and waits is not set.
	plain, plainOptions, direct bool
	waits                       bool // calls wait for ready, unless their options say otherwise

	config *clientConfig // nil if there is none

	state coop.Int32 // a connectivity.State: Idle, then Ready, then Shutdown
	// routes are the methods that were called. There are some only while the connection is ready.
	routes coop.Pointer[[]route]

	mu      sync.Mutex
	closed  chan struct{} // closed by Close
	changed chan struct{} // closed at the next change of state; nil while nobody waits
	streams *clientStream // a list of those that are open
	// numbers are those of the host's routes to services that need one.
	numbers map[string]uint32
}

var _ ClientConnInterface = (*ClientConn)(nil)

// NewClient returns a client for a target. It does no I/O, and checks target and options as grpc-go does.
func NewClient(target string, opts ...DialOption) (*ClientConn, error) {
	return newClient(target, "dns", opts)
}

// Dial is DialContext without a context.
//
// Deprecated: use [NewClient].
func Dial(target string, opts ...DialOption) (*ClientConn, error) {
	return DialContext(context.Background(), target, opts...)
}

// DialContext is [NewClient] for code that expects to connect at once. The result is ready, so that [WithBlock] has
// nothing to wait for; with it, a context that is done is an error.
//
// Deprecated: use [NewClient].
func DialContext(ctx context.Context, target string, opts ...DialOption) (*ClientConn, error) {
	cc, err := newClient(target, "passthrough", opts)
	if err != nil {
		return nil, err
	}
	if err := cc.parsed.resolvable(); err != nil {
		return nil, fmt.Errorf("failed to exit idle mode: failed to start resolver: %w", err)
	}
	cc.Connect()
	if cc.opts.block && ctx.Err() != nil {
		cc.Close()
		return nil, ctx.Err()
	}
	return cc, nil
}

func newClient(target, defaultScheme string, opts []DialOption) (*ClientConn, error) {
	cc := &ClientConn{target: target, closed: make(chan struct{})}
	for _, o := range opts {
		o.apply(&cc.opts)
	}
	var err error
	if cc.parsed, err = cc.opts.parseTarget(target, defaultScheme); err != nil {
		return nil, err
	}
	cc.opts.chain()
	transport, err := cc.opts.transportCredentials()
	if err != nil {
		return nil, err
	}
	cc.transport = transport
	info := transport.Info()
	cc.secure = info.SecurityProtocol != "insecure"
	cc.perRPCCreds = cc.opts.perRPCCreds
	if cc.opts.bundle != nil {
		if c := cc.opts.bundle.PerRPCCredentials(); c != nil {
			cc.perRPCCreds = append(cc.perRPCCreds, c)
		}
	}
	if cc.opts.readConfig != nil {
		if cc.config, err = cc.opts.readConfig(cc.opts.config); err != nil {
			return nil, fmt.Errorf("grpc: the provided default service config is invalid: %v", err)
		}
	}
	if cc.authority, err = cc.opts.authorityFor(cc.parsed); err != nil {
		return nil, err
	}
	cc.plain = len(cc.perRPCCreds) == 0 && cc.opts.stats == nil && cc.config.isEmpty()
	cc.plainOptions = isPlain(cc.opts.callOptions)
	cc.waits = waitForReady(cc.opts.callOptions, false)
	cc.direct = cc.plain && cc.plainOptions && cc.opts.unaryInt == nil && !cc.waits
	return cc, nil
}

// transportCredentials returns the credentials that the options set, if they go together.
func (o *dialOptions) transportCredentials() (credentials.TransportCredentials, error) {
	transport := o.creds
	switch {
	case transport == nil && o.bundle == nil:
		return nil, errNoTransportSecurity
	case transport != nil && o.bundle != nil:
		return nil, errCredentialsAndBundle
	case transport == nil:
		if transport = o.bundle.TransportCredentials(); transport == nil {
			return nil, errNoCredentialsInBundle
		}
	}
	if transport.Info().SecurityProtocol == "insecure" {
		for _, c := range o.perRPCCreds {
			if c.RequireTransportSecurity() {
				return nil, errTransportSecurityRequired
			}
		}
	}
	return transport, nil
}

// Close ends the use of cc: its streams end and further calls fail with codes.Canceled. A second Close returns
// [ErrClientConnClosing].
func (cc *ClientConn) Close() error {
	cc.mu.Lock()
	if cc.GetState() == connectivity.Shutdown {
		cc.mu.Unlock()
		return ErrClientConnClosing
	}
	cc.setStateLocked(connectivity.Shutdown)
	close(cc.closed)
	var open []*clientStream
	for s := cc.streams; s != nil; s = s.next {
		open = append(open, s)
	}
	cc.mu.Unlock()
	for _, s := range open {
		s.finish(ErrClientConnClosing)
	}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	cc.giveNumbers()
	return nil
}

// add makes s known to Close. It fails on a closed connection.
func (cc *ClientConn) add(s *clientStream) error {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.GetState() == connectivity.Shutdown {
		return ErrClientConnClosing
	}
	if s.next = cc.streams; s.next != nil {
		s.next.prev = s
	}
	cc.streams = s
	return nil
}

// remove is the opposite of add.
func (cc *ClientConn) remove(s *clientStream) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if s.next != nil {
		s.next.prev = s.prev
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		cc.streams = s.next
	}
	s.prev, s.next = nil, nil
}

// use returns the error for calls on a closed connection. A first call makes the connection ready.
func (cc *ClientConn) use() error {
	switch cc.GetState() {
	case connectivity.Idle:
		cc.Connect()
		return cc.use()
	case connectivity.Shutdown:
		return ErrClientConnClosing
	}
	return nil
}

// Connect makes an idle connection ready.
func (cc *ClientConn) Connect() {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.GetState() == connectivity.Idle {
		cc.setStateLocked(connectivity.Ready)
	}
}

// GetState returns the state: Idle until the first use, Ready, and Shutdown after Close.
func (cc *ClientConn) GetState() connectivity.State { return connectivity.State(cc.state.Load()) }

func (cc *ClientConn) setStateLocked(s connectivity.State) {
	cc.state.Store(int32(s))
	if s != connectivity.Ready {
		cc.routes.Store(nil)
	}
	if cc.changed != nil {
		close(cc.changed)
		cc.changed = nil
	}
}

// WaitForStateChange waits until the state is not sourceState, and returns true, or until ctx is done.
func (cc *ClientConn) WaitForStateChange(ctx context.Context, sourceState connectivity.State) bool {
	cc.mu.Lock()
	if cc.GetState() != sourceState {
		cc.mu.Unlock()
		return true
	}
	if cc.changed == nil {
		cc.changed = make(chan struct{})
	}
	changed := cc.changed
	cc.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
		return true
	}
}

// ResetConnectBackoff does nothing. Inert in a guest: connections never fail.
func (cc *ClientConn) ResetConnectBackoff() {}

// Target returns the target as it was given.
func (cc *ClientConn) Target() string { return cc.target }

// CanonicalTarget returns the target with scheme and authority: "dns:///host:port".
func (cc *ClientConn) CanonicalTarget() string { return cc.parsed.String() }
