//go:build wasip1

package net

import (
	"os"
	"unsafe"
)

// hostInterface is a network interface of the host, with its addresses as CIDR.
type hostInterface struct {
	Interface
	addrs []string
}

var errMalformedInterfaces = &ParseError{Type: "answer of the host", Text: "to what interfaces there are"}

func listHostInterfaces() ([]hostInterface, error) {
	answer, errno := hostText(func(buf unsafe.Pointer, size uint32, n *uint32) uint32 { return hostInterfaces(buf, size, n) })
	if errno != 0 {
		return nil, os.NewSyscallError("interfaces", errno)
	}
	v, ok := parseStrings([]byte(answer))
	var list []hostInterface
	for ok && len(v) > 0 {
		if len(v) < 6 {
			return nil, errMalformedInterfaces
		}
		index, ok1 := parseNumber(v[0])
		mtu, ok2 := parseNumber(v[1])
		flags, ok3 := parseNumber(v[4])
		n, ok4 := parseNumber(v[5])
		if !ok1 || !ok2 || !ok3 || !ok4 || n > len(v)-6 {
			return nil, errMalformedInterfaces
		}
		ifi := hostInterface{Interface: Interface{Index: index, MTU: mtu, Name: v[2], Flags: Flags(flags)}, addrs: v[6 : 6+n]}
		if v[3] != "" {
			mac, err := ParseMAC(v[3])
			if err != nil {
				return nil, errMalformedInterfaces
			}
			ifi.HardwareAddr = mac
		}
		list = append(list, ifi)
		v = v[6+n:]
	}
	if !ok {
		return nil, errMalformedInterfaces
	}
	return list, nil
}

// parseNumber parses a decimal number, which may be larger than what dtoi takes.
func parseNumber(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n >= 1<<40 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, s != ""
}

func interfaceTable(ifindex int) ([]Interface, error) {
	list, err := listHostInterfaces()
	if err != nil {
		return nil, err
	}
	var table []Interface
	for _, ifi := range list {
		if ifindex == 0 || ifindex == ifi.Index {
			table = append(table, ifi.Interface)
		}
	}
	return table, nil
}

func interfaceAddrTable(ifi *Interface) ([]Addr, error) {
	list, err := listHostInterfaces()
	if err != nil {
		return nil, err
	}
	var addrs []Addr
	for _, i := range list {
		if ifi != nil && ifi.Index != i.Index {
			continue
		}
		for _, text := range i.addrs {
			ip, network, err := ParseCIDR(text)
			if err != nil {
				return nil, errMalformedInterfaces
			}
			addrs = append(addrs, &IPNet{IP: ip, Mask: network.Mask})
		}
	}
	return addrs, nil
}
