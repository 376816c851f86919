//go:build wasip1

package net

import (
	"context"
	"errors"
	"internal/poll"
	"io"
	"net/netip"
	"os"
	"syscall"
)

// Look-ups of names are the host's, unless a resolver has a Dial function: that is how to ask one's own DNS servers.

// Kinds of look-ups.
const (
	lookupHostKind = 1 + iota
	lookupIPKind
	lookupCNAMEKind
	lookupSRVKind
	lookupMXKind
	lookupNSKind
	lookupTXTKind
	lookupAddrKind
)

// askHost has the host look a name up and returns the strings of its answer. Errors are *DNSError, but for those of contexts.
func askHost(ctx context.Context, kind uint32, network, name string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, newDNSError(mapErr(err), name, "")
	}
	var sysfd uint32
	if errno := syscall.Errno(hostLookup(kind, network, name, &sysfd)); errno != 0 {
		return nil, refusedLookup(hostCallError("lookup", noHostFD, errno), name)
	}
	answer, err := readAnswer(ctx, int(sysfd))
	if err != nil {
		switch {
		case ctx.Err() != nil:
			err = mapErr(ctx.Err())
		case errors.Is(err, os.ErrDeadlineExceeded):
			err = mapErr(context.DeadlineExceeded) // The context's own timer comes late.
		}
		return nil, newDNSError(err, name, "")
	}
	if len(answer) == 0 {
		return nil, newDNSError(errMalformedAnswer, name, "")
	}
	values, ok := parseStrings(answer[1:])
	if !ok || answer[0] != 0 && len(values) < 4 {
		return nil, newDNSError(errMalformedAnswer, name, "")
	}
	if answer[0] == 0 {
		return values, nil
	}
	e := &DNSError{Err: values[0], Name: values[1], Server: values[2]}
	for _, flag := range values[3] {
		switch flag {
		case 't':
			e.IsTimeout = true
		case 'p':
			e.IsTemporary = true
		case 'n':
			e.IsNotFound = true
		case 'r':
			e.UnwrapErr = syscall.EACCES
		}
	}
	return nil, e
}

var errMalformedAnswer = &ParseError{Type: "answer of the host", Text: "to a look-up"}

// refusedLookup is the error of a look-up that did not begin.
func refusedLookup(err error, name string) error {
	e := newDNSError(err, name, "")
	e.UnwrapErr = err
	return e
}

// readAnswer reads a descriptor of a look-up to its end, and closes it, which ends a look-up that has not.
func readAnswer(ctx context.Context, sysfd int) ([]byte, error) {
	pfd := &poll.FD{Sysfd: sysfd, IsStream: true, ZeroReadIsEOF: true}
	if err := pfd.Init("lookup", true); err != nil {
		poll.CloseFunc(sysfd)
		return nil, err
	}
	defer pfd.Close()
	if ctx.Done() != nil {
		if deadline, ok := ctx.Deadline(); ok {
			pfd.SetReadDeadline(deadline)
		}
		stop := context.AfterFunc(ctx, func() { pfd.SetReadDeadline(aLongTimeAgo) })
		defer stop()
	}
	var answer []byte
	for {
		if len(answer) == cap(answer) {
			answer = append(make([]byte, 0, 512+2*cap(answer)), answer...)
		}
		n, err := pfd.Read(answer[len(answer):cap(answer)])
		answer = answer[:len(answer)+n]
		if err == io.EOF {
			return answer, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// parseStrings parses strings that each follow their length in four bytes, the lowest first.
func parseStrings(b []byte) (values []string, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, false
		}
		n := uint(b[0]) | uint(b[1])<<8 | uint(b[2])<<16 | uint(b[3])<<24
		b = b[4:]
		if n > uint(len(b)) {
			return nil, false
		}
		values = append(values, string(b[:n]))
		b = b[n:]
	}
	return values, true
}

// asksHost says whether the resolver's look-ups are the host's.
func (r *Resolver) asksHost() bool { return r == nil || r.Dial == nil }

// localhost returns the addresses of localhost, which the guest has whatever the host allows: its own listeners are there.
func localhost(name string, err error) []string {
	if errors.Is(err, syscall.EACCES) && (name == "localhost" || name == "localhost.") {
		return []string{"127.0.0.1", "::1"}
	}
	return nil
}

func (r *Resolver) lookupHost(ctx context.Context, host string) ([]string, error) {
	if !r.asksHost() {
		return r.originalLookupHost(ctx, host)
	}
	addrs, err := askHost(ctx, lookupHostKind, "", host)
	if local := localhost(host, err); local != nil {
		return local, nil
	}
	return addrs, err
}

func (r *Resolver) lookupIP(ctx context.Context, network, host string) ([]IPAddr, error) {
	if !r.asksHost() {
		return r.originalLookupIP(ctx, network, host)
	}
	ip := "ip" // The network may be that of a dial.
	switch version := network[len(network)-1]; version {
	case '4', '6':
		ip += string(rune(version))
	}
	values, err := askHost(ctx, lookupIPKind, ip, host)
	if local := localhost(host, err); local != nil {
		values, err = local, nil
	}
	if err != nil {
		return nil, err
	}
	var addrs []IPAddr
	for _, v := range values {
		addr, err := netip.ParseAddr(v)
		if err != nil {
			return nil, newDNSError(errMalformedAnswer, host, "")
		}
		addr = addr.Unmap() // IPv4 addresses have four bytes, as those that the resolvers of other systems give.
		if v4 := addr.Is4(); ip == "ip4" && !v4 || ip == "ip6" && v4 {
			continue
		}
		addrs = append(addrs, IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()})
	}
	return addrs, nil
}

func (r *Resolver) lookupCNAME(ctx context.Context, name string) (string, error) {
	if !r.asksHost() {
		return r.originalLookupCNAME(ctx, name)
	}
	values, err := askHost(ctx, lookupCNAMEKind, "", name)
	if err != nil {
		return "", err
	}
	if len(values) != 1 {
		return "", newDNSError(errMalformedAnswer, name, "")
	}
	return values[0], nil
}

func (r *Resolver) lookupSRV(ctx context.Context, service, proto, name string) (string, []*SRV, error) {
	if !r.asksHost() {
		return r.originalLookupSRV(ctx, service, proto, name)
	}
	target := name
	if service != "" || proto != "" {
		target = "_" + service + "._" + proto + "." + name
	}
	values, err := askHost(ctx, lookupSRVKind, "", target)
	if err != nil {
		return "", nil, err
	}
	if len(values)%4 != 1 {
		return "", nil, newDNSError(errMalformedAnswer, target, "")
	}
	var srvs []*SRV
	for v := values[1:]; len(v) > 0; v = v[4:] {
		port, ok1 := parseNumber(v[1])
		priority, ok2 := parseNumber(v[2])
		weight, ok3 := parseNumber(v[3])
		if !ok1 || !ok2 || !ok3 {
			return "", nil, newDNSError(errMalformedAnswer, target, "")
		}
		srvs = append(srvs, &SRV{Target: v[0], Port: uint16(port), Priority: uint16(priority), Weight: uint16(weight)})
	}
	return values[0], srvs, nil
}

func (r *Resolver) lookupMX(ctx context.Context, name string) ([]*MX, error) {
	if !r.asksHost() {
		return r.originalLookupMX(ctx, name)
	}
	values, err := askHost(ctx, lookupMXKind, "", name)
	if err != nil {
		return nil, err
	}
	if len(values)%2 != 0 {
		return nil, newDNSError(errMalformedAnswer, name, "")
	}
	var mxs []*MX
	for v := values; len(v) > 0; v = v[2:] {
		pref, ok := parseNumber(v[1])
		if !ok {
			return nil, newDNSError(errMalformedAnswer, name, "")
		}
		mxs = append(mxs, &MX{Host: v[0], Pref: uint16(pref)})
	}
	return mxs, nil
}

func (r *Resolver) lookupNS(ctx context.Context, name string) ([]*NS, error) {
	if !r.asksHost() {
		return r.originalLookupNS(ctx, name)
	}
	values, err := askHost(ctx, lookupNSKind, "", name)
	var nss []*NS
	for _, v := range values {
		nss = append(nss, &NS{Host: v})
	}
	return nss, err
}

func (r *Resolver) lookupTXT(ctx context.Context, name string) ([]string, error) {
	if !r.asksHost() {
		return r.originalLookupTXT(ctx, name)
	}
	return askHost(ctx, lookupTXTKind, "", name)
}

func (r *Resolver) lookupAddr(ctx context.Context, addr string) ([]string, error) {
	if !r.asksHost() {
		return r.originalLookupAddr(ctx, addr)
	}
	return askHost(ctx, lookupAddrKind, "", addr)
}
