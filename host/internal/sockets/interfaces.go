package sockets

import (
	"net"
	"strconv"
)

// Interfaces describes the host's network interfaces as strings, each after its length in 4 bytes, little-endian. Each interface has index,
// MTU, name, hardware address, flags (the number of net.Flags), and how many addresses it has, which follow in CIDR notation.
func (t *Table) Interfaces() ([]byte, Errno) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, ErrnoOf(err)
	}
	var b []byte
	for _, i := range list {
		addrs, err := i.Addrs()
		if err != nil {
			return nil, ErrnoOf(err)
		}
		b = appendStrings(b, strconv.Itoa(i.Index), strconv.Itoa(i.MTU), i.Name, i.HardwareAddr.String(), strconv.Itoa(int(i.Flags)),
			strconv.Itoa(len(addrs)))
		for _, a := range addrs {
			b = appendStrings(b, a.String())
		}
	}
	return b, ErrnoSuccess
}
