package net

import (
	"context"
	"net"
)

// ListenConfig is [Listen] in place of the method Listen of a net.ListenConfig, with the method's arguments. The config's options are
// inert in a guest: there is no socket to apply them to, and Control is never called. It fails when ctx is done.
func ListenConfig[C net.ListenConfig | *net.ListenConfig](_ C, ctx context.Context, network, address string) (net.Listener, error) {
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	return Listen(network, address)
}

// ListenTLS is [Listen] in place of tls.Listen. wrap is tls.NewListener: a guest that needs no TLS must not link it. Unlike the real
// function it accepts a config without certificates.
func ListenTLS[C any](wrap func(net.Listener, C) net.Listener, network, address string, config C) (net.Listener, error) {
	l, err := Listen(network, address)
	if err != nil {
		return nil, err
	}
	return wrap(l, config), nil
}
