package sockets

import (
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// familyOf is the address family of a socket that is to connect some ends. IPv6 sockets reach IPv4 addresses too.
func (n network) familyOf(ends ...endpoint) int {
	if n.unix {
		return syscall.AF_UNIX
	}
	for _, e := range ends {
		if e.ip.IsValid() && e.ip.Is6() {
			return syscall.AF_INET6
		}
	}
	if n.version == 6 {
		return syscall.AF_INET6
	}
	return syscall.AF_INET
}

// familyToListen is the address family to listen in. As in package net, any address is any of both families.
func (n network) familyToListen(local endpoint) int {
	if !n.unix && n.version == 0 && (!local.ip.IsValid() || local.ip.IsUnspecified()) {
		return syscall.AF_INET6
	}
	return n.familyOf(local)
}

func (e endpoint) sockaddr(family int) (syscall.Sockaddr, error) {
	switch family {
	case syscall.AF_UNIX:
		return &syscall.SockaddrUnix{Name: e.path}, nil
	case syscall.AF_INET:
		sa := &syscall.SockaddrInet4{Port: int(e.port)}
		if e.ip.IsValid() {
			if !e.ip.Is4() {
				return nil, syscall.EAFNOSUPPORT
			}
			sa.Addr = e.ip.As4()
		}
		return sa, nil
	}
	sa := &syscall.SockaddrInet6{Port: int(e.port)}
	if e.ip.IsValid() && !(e.ip.Is4() && e.ip.IsUnspecified()) {
		sa.Addr = e.ip.As16()
	}
	if zone := e.ip.Zone(); zone != "" {
		index, err := zoneIndex(zone)
		if err != nil {
			return nil, err
		}
		sa.ZoneId = index
	}
	return sa, nil
}

func zoneIndex(zone string) (uint32, error) {
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index), nil
	}
	index, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0, syscall.EINVAL
	}
	return uint32(index), nil
}

func endpointOfSockaddr(sa syscall.Sockaddr) endpoint {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return endpoint{ip: netip.AddrFrom4(sa.Addr), port: uint16(sa.Port)}
	case *syscall.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr).Unmap()
		if sa.ZoneId != 0 && ip.Is6() {
			ip = ip.WithZone(zoneName(sa.ZoneId))
		}
		return endpoint{ip: ip, port: uint16(sa.Port)}
	case *syscall.SockaddrUnix:
		return endpoint{path: sa.Name}
	}
	return endpoint{}
}

func zoneName(index uint32) string {
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(index), 10)
}
