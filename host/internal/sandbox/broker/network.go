package broker

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

// Config is what a [Network] is made of.
type Config struct {
	// Function is whose it is, for messages.
	Function string
	// Policy says what is allowed.
	Policy sockets.Policy
	// Resolver answers look-ups; nil is net.DefaultResolver.
	Resolver *net.Resolver
	Log      *slog.Logger
}

// Network is what the processes of one function share. It is safe for concurrent use.
type Network struct {
	cfg    Config
	names  names
	mapped mappings
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// New returns a network. It costs nothing until a process uses it.
func New(c Config) *Network {
	n := &Network{cfg: c}
	if n.cfg.Resolver == nil {
		n.cfg.Resolver = net.DefaultResolver
	}
	if n.cfg.Log == nil {
		n.cfg.Log = slog.New(slog.DiscardHandler)
	}
	n.ctx, n.cancel = context.WithCancelCause(context.Background())
	return n
}

// listening is a policy that knows whether anything is mapped.
type listening interface{ Listens() bool }

// Listens says whether the host may serve what the function listens on.
func (n *Network) Listens() bool {
	l, ok := n.cfg.Policy.(listening)
	return !ok || l.Listens()
}

var errClosed = errors.New("the network of the function is closed")

// Close ends what is under way. Processes that still run can connect to nothing more.
func (n *Network) Close() {
	n.cancel(errClosed)
	n.names.close()
	n.mapped.close()
}
