package net

import (
	"context"
	"net"
	"runtime"
	"sync"
)

// Shared returns a listener for gRPC and for something else, or for what could not be told apart: a server of gRPC gets what [Listen]
// returns, and the first one else who accepts from it makes the real listener, by listen, which is net.Listen. So errors of the real one
// are reported by Accept.
func Shared(listen func(network, address string) (net.Listener, error), network, address string) (net.Listener, error) {
	return share(network, address, func(address string) (net.Listener, error) { return listen(network, address) })
}

// SharedConfig is [Shared] for the method Listen of a net.ListenConfig.
func SharedConfig(listen func(ctx context.Context, network, address string) (net.Listener, error), ctx context.Context, network, address string) (net.Listener, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	ctx = context.WithoutCancel(ctx) // which no longer matters when listening has begun
	return share(network, address, func(address string) (net.Listener, error) { return listen(ctx, network, address) })
}

// SharedTLS is [Shared] for tls.Listen.
func SharedTLS[C any](listen func(network, address string, config C) (net.Listener, error), network, address string, config C) (net.Listener, error) {
	return share(network, address, func(address string) (net.Listener, error) { return listen(network, address, config) })
}

func share(network, address string, listen func(address string) (net.Listener, error)) (net.Listener, error) {
	l, err := newListener(network, address)
	if err != nil {
		return nil, err
	}
	return &sharedListener{listener: l, listen: listen}, nil
}

// sharedListener is a listener that is a real one for all but servers of gRPC.
type sharedListener struct {
	*listener
	listen func(address string) (net.Listener, error)

	mu     sync.Mutex
	real   net.Listener
	closed bool
}

// Accept waits for the listener to be closed if a server of gRPC calls it, whose calls the host brings, and else accepts connections.
func (l *sharedListener) Accept() (net.Conn, error) {
	if calledByServer() {
		return l.listener.Accept()
	}
	real, err := l.open()
	if err != nil {
		return nil, err
	}
	return real.Accept()
}

// open returns the real listener, which it makes the first time.
func (l *sharedListener) open() (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, l.errClosed("accept")
	}
	if l.real == nil {
		real, err := l.listen(l.addr.String())
		if err != nil {
			return nil, err
		}
		l.real = real
	}
	return l.real, nil
}

// Close ends Accept, whoever called it.
func (l *sharedListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	err := l.listener.Close()
	if l.real != nil && err == nil {
		return l.real.Close()
	}
	return err
}

// serve is what a server of gRPC calls Accept in.
const serve = "github.com/cofaas/cofaas/stubs/grpc.(*Server).Serve"

// calledByServer reports whether a server of gRPC wants to accept. The stack says so also where a listener of somebody else's is in
// between, such as one of TLS; a multiplexer has a goroutine of its own that accepts.
func calledByServer() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if frame.Function == serve {
			return true
		}
		if !more {
			return false
		}
	}
}
