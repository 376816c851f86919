package sockets

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"
)

// The kinds of look-ups.
const (
	lookupHost  = 1 // addresses
	lookupIP    = 2 // addresses of a family
	lookupCNAME = 3
	lookupSRV   = 4
	lookupMX    = 5
	lookupNS    = 6
	lookupTXT   = 7
	lookupAddr  = 8 // in reverse
)

// maxName bounds what can be looked up. DNS names have 253 bytes; reverse look-ups may have a zone.
const maxName = 512

// Lookup begins to look up a name. The descriptor can be read once there is an answer, which is a stream: a byte that is 0 for an answer,
// and 1 for an error, and then strings, each after its length in 4 bytes, little-endian. An answer is the values; of MX, host and
// preference in turn; of SRV, the canonical name, and then target, port, priority and weight in turn. An error is its text, the name, the
// server, and flags: t timeout, p temporary, n not found.
//
// The network is that of kind 2: ip, ip4 or ip6. A refusal gives no descriptor, but a message.
func (t *Table) Lookup(kind uint32, network, name string) (fd uint32, errno Errno) {
	switch {
	case kind < lookupHost || kind > lookupAddr:
		return 0, ErrnoInval
	case kind == lookupIP && network != "ip" && network != "ip4" && network != "ip6":
		return 0, ErrnoInval
	case len(name) > maxName:
		return 0, ErrnoNametoolong
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.message = ""
	return t.open(func(d *descriptor) Errno {
		if err := t.net.policy.Lookup(name); err != nil {
			t.message = err.Error()
			return ErrnoAcces
		}
		ctx, cancel := context.WithCancel(t.net.ctx)
		l := &lookup{cancel: cancel}
		d.sock = l
		go l.run(ctx, t.net, kind, network, name, &d.waiter)
		return ErrnoSuccess
	})
}

// lookup is the descriptor of a look-up.
type lookup struct {
	notASocket
	cancel context.CancelFunc
	answer atomic.Pointer[[]byte]
	at     int // what of the answer was read
}

func (l *lookup) run(ctx context.Context, n *Network, kind uint32, network, name string, w *waiter) {
	defer l.cancel()
	select {
	case n.lookups <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-n.lookups }()
	values, err := n.ask(ctx, kind, network, name)
	if ctx.Err() != nil {
		return
	}
	answer := encodeAnswer(values, err)
	l.answer.Store(&answer)
	w.wake(reading)
}

// cancellable returns a resolver like another one, but with questions that end when they are cancelled. Package net would go on waiting for
// the name server, and the look-up would keep its place.
func cancellable(r *net.Resolver) *net.Resolver {
	dial := r.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return &net.Resolver{
		PreferGo: r.PreferGo, StrictErrors: r.StrictErrors,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err == nil {
				// It fails if the connection was closed already.
				context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
			}
			return conn, err
		},
	}
}

// past is a deadline that ends what waits.
var past = time.Unix(1, 0)

// ask asks the resolver.
func (n *Network) ask(ctx context.Context, kind uint32, network, name string) (values []string, err error) {
	r := n.resolver
	switch kind {
	case lookupHost, lookupIP:
		if kind == lookupHost {
			network = "ip"
		}
		var addrs []netip.Addr
		addrs, err = r.LookupNetIP(ctx, network, name)
		for i, a := range addrs {
			addrs[i] = a.Unmap()
			values = append(values, addrs[i].String())
		}
		if err == nil {
			n.policy.Answered(name, addrs)
		}
	case lookupCNAME:
		var cname string
		cname, err = r.LookupCNAME(ctx, name)
		values = []string{cname}
	case lookupSRV:
		var cname string
		var records []*net.SRV
		cname, records, err = r.LookupSRV(ctx, "", "", name)
		values = []string{cname}
		for _, s := range records {
			values = append(values, s.Target, decimal(s.Port), decimal(s.Priority), decimal(s.Weight))
		}
	case lookupMX:
		var records []*net.MX
		records, err = r.LookupMX(ctx, name)
		for _, mx := range records {
			values = append(values, mx.Host, decimal(mx.Pref))
		}
	case lookupNS:
		var records []*net.NS
		records, err = r.LookupNS(ctx, name)
		for _, ns := range records {
			values = append(values, ns.Host)
		}
	case lookupTXT:
		values, err = r.LookupTXT(ctx, name)
	case lookupAddr:
		values, err = r.LookupAddr(ctx, name)
	}
	return values, err
}

func decimal(n uint16) string { return strconv.Itoa(int(n)) }

func encodeAnswer(values []string, err error) []byte {
	if err == nil {
		return appendStrings([]byte{0}, values...)
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		dns = &net.DNSError{Err: err.Error()}
	}
	flags := ""
	for _, f := range []struct {
		set  bool
		name string
	}{{dns.IsTimeout, "t"}, {dns.IsTemporary, "p"}, {dns.IsNotFound, "n"}} {
		if f.set {
			flags += f.name
		}
	}
	return appendStrings([]byte{1}, dns.Err, dns.Name, dns.Server, flags)
}

func appendStrings(b []byte, values ...string) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return b
}

func (l *lookup) read(p [][]byte) (n int, errno Errno) {
	answer := l.answer.Load()
	if answer == nil {
		return 0, ErrnoAgain
	}
	for _, b := range p {
		c := copy(b, (*answer)[l.at:])
		l.at += c
		n += c
	}
	return n, ErrnoSuccess
}

func (l *lookup) write([][]byte) (int, Errno) { return 0, ErrnoNotsup }

func (l *lookup) status() Errno {
	if l.answer.Load() == nil {
		return ErrnoInprogress
	}
	return ErrnoSuccess
}

func (l *lookup) ready(d direction) bool { return d == writing || l.answer.Load() != nil }

func (l *lookup) close() { l.cancel() }
