package sockets

import (
	"errors"
	"net/netip"
)

// Policy says what a function may do. Its methods are called concurrently and should not wait. The text of an error is what the guest
// gets to read.
type Policy interface {
	// Dial says whether the function may connect, or send a datagram, to an address: ip:port, with the address never unspecified nor IPv4
	// in IPv6, or the path of a Unix socket, of which a leading @ means the abstract name space. Networks are named as in package net.
	Dial(network, address string) error
	// Lookup says whether the function may look up a name, or in reverse an address.
	Lookup(name string) error
	// Answered tells of the addresses that a permitted look-up of a name gave. The guest has them after this returned.
	Answered(name string, addrs []netip.Addr)
	// Listen says where on the host the function listens when it asks for an address: ip:port, :port for any IP address, or a path. The
	// host's address is of the same form; its network may be a different one of the same kind, and the empty one is the function's. The
	// error ErrPrivate means that the operator mapped nothing to it; any other is a refusal.
	Listen(network, address string) (hostNetwork, hostAddress string, err error)
}

// ErrPrivate is what a [Policy] says of addresses that exist only within a guest. The guest is told [ErrnoNotcapable].
var ErrPrivate = errors.New("the address stays within the guest")

// denied is the policy of who has none.
type denied struct{}

var errDenied = errors.New("cofaas policy: no network access was allowed")

func (denied) Dial(string, string) error                             { return errDenied }
func (denied) Lookup(string) error                                   { return errDenied }
func (denied) Answered(string, []netip.Addr)                         {}
func (denied) Listen(string, string) (network, addr string, _ error) { return "", "", ErrPrivate }
