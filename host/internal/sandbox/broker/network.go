package broker

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

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

	mu      sync.Mutex
	refused map[string]bool // listeners
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

// maxRefused is about how many listeners the log says that they are refused.
const maxRefused = 20

// refuseListener says, once, that the function may not listen, as there is no network of its own.
func (n *Network) refuseListener(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refused[address] || len(n.refused) == maxRefused {
		return
	}
	if n.refused == nil {
		n.refused = map[string]bool{}
	}
	n.refused[address] = true
	n.cfg.Log.Warn("the function may not listen: there are no networks of isolates' own here; the host can serve it at an address of its own, by -listen",
		"function", n.cfg.Function, "address", address)
}

// Close ends what is under way. Processes that still run can connect to nothing more.
func (n *Network) Close() {
	n.cancel(errClosed)
	n.names.close()
	n.mapped.close()
}
