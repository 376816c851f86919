// Package peer stands in for google.golang.org/grpc/peer in a guest: who is on the other side of a call.
//
// Between guests there is no network, so the address of a peer names no host. Its network is "cofaas".
package peer

import (
	"context"
	"net"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
)

// Peer describes the other side of a call.
type Peer struct {
	// Addr is the address of the other side.
	Addr net.Addr
	// LocalAddr is the address of this side.
	LocalAddr net.Addr
	// AuthInfo is what the handshake of the transport found out. Between guests it is what insecure credentials have, and
	// nil for a server without credentials.
	AuthInfo credentials.AuthInfo
}

// String returns a form for logs.
func (p *Peer) String() string {
	if p == nil {
		return "Peer<nil>"
	}
	var b strings.Builder
	field := func(name string, set bool, text func() string) {
		b.WriteString(name)
		if set {
			b.WriteString(": '" + text() + "'")
		} else {
			b.WriteString(": <nil>")
		}
	}
	b.WriteString("Peer{")
	field("Addr", p.Addr != nil, func() string { return p.Addr.String() })
	field(", LocalAddr", p.LocalAddr != nil, func() string { return p.LocalAddr.String() })
	field(", AuthInfo", p.AuthInfo != nil, func() string { return p.AuthInfo.AuthType() })
	b.WriteByte('}')
	return b.String()
}

// NewContext returns a context with p as the peer.
func NewContext(ctx context.Context, p *Peer) context.Context {
	return context.WithValue(ctx, callctx.Peer{}, p)
}

// FromContext returns the peer of ctx. In the context of a handler it is always there.
func FromContext(ctx context.Context) (p *Peer, ok bool) {
	p, ok = ctx.Value(callctx.Peer{}).(*Peer)
	return p, ok
}
