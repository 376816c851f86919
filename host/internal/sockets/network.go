package sockets

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// Config is what a [Network] is made of.
type Config struct {
	// Policy says what is allowed; nil allows nothing.
	Policy Policy
	// MaxDescriptors bounds the descriptors of all tables together, look-ups included; 0 is 1024.
	MaxDescriptors int
	// Resolver answers look-ups; nil is net.DefaultResolver.
	Resolver *net.Resolver
}

const (
	defaultDescriptors = 1024
	// maxLookups is how many look-ups of a network are under way at once. The others wait.
	maxLookups = 64
)

// Network is what the instances of one function share. It is safe for concurrent use.
type Network struct {
	policy   Policy
	driver   driver
	resolver *net.Resolver
	max      int64
	open     atomic.Int64
	lookups  chan struct{} // a place for each that is under way
	ctx      context.Context
	cancel   context.CancelFunc

	mu       sync.Mutex
	closed   bool
	tables   map[*Table]struct{}
	mappings map[mappingKey]*mapping
}

// New returns a network. It costs nothing while no descriptor is open.
func New(c Config) *Network { return newNetwork(c, newDriver()) }

func newNetwork(c Config, d driver) *Network {
	n := &Network{
		policy: c.Policy, resolver: c.Resolver, max: int64(c.MaxDescriptors), driver: d,
		lookups: make(chan struct{}, maxLookups), tables: make(map[*Table]struct{}), mappings: make(map[mappingKey]*mapping),
	}
	if n.policy == nil {
		n.policy = denied{}
	}
	if n.resolver == nil {
		n.resolver = net.DefaultResolver
	}
	n.resolver = cancellable(n.resolver)
	if n.max <= 0 {
		n.max = defaultDescriptors
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// NewTable returns the table of an instance. See [Table.Await] for notify.
func (n *Network) NewTable(notify func()) *Table {
	t := &Table{net: n, notify: notify, fds: make(map[uint32]*descriptor), next: firstDescriptor}
	t.epoch.Store(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		t.closed = true
		return t
	}
	n.tables[t] = struct{}{}
	return t
}

// Open is the number of descriptors in use.
func (n *Network) Open() int { return int(n.open.Load()) }

var errClosed = errors.New("sockets: the network was closed already")

// Close closes all tables, and with them every descriptor.
func (n *Network) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return errClosed
	}
	n.closed = true
	tables := n.tables
	n.tables = nil
	n.mu.Unlock()
	n.cancel()
	for t := range tables {
		t.CloseAll()
	}
	return nil
}

// forget is for a table that closed.
func (n *Network) forget(t *Table) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.tables, t)
}

// acquire takes the place of a descriptor.
func (n *Network) acquire() Errno {
	if n.open.Add(1) > n.max {
		n.open.Add(-1)
		return ErrnoMfile
	}
	return ErrnoSuccess
}

func (n *Network) release() { n.open.Add(-1) }
