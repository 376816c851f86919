package wasi

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/internal/abi"
)

// NetModule is the name of the interface by which guests make sockets. Its functions never wait; all return an errno.
const NetModule = "cofaas:host/net"

// Net are the functions of interface cofaas:host/net. Package net of a guest calls them, as internal/netoverlay makes it:
//
//	dial(network, local, remote: string, fd: *u32)       the descriptor is writable when it is over; status tells how
//	listen(network, local: string, fd: *u32)             ENOTCAPABLE: the guest is to use its private loopback
//	status(fd: u32, buf: *u8, size: u32, n: *u32)        EINPROGRESS, or how it ended: addresses LOCAL NUL REMOTE, or a message
//	recv-from(fd: u32, buf: *u8, size: u32, addr: *u8, addr-size: u32, out: *{n, addr-n, flags: u32})
//	send-to(fd: u32, buf: *u8, size: u32, addr: string, n: *u32)
//	set-option(fd: u32, option: u32, value: s64)
//	lookup(kind: u32, network, name: string, fd: *u32)   the descriptor is readable when the answer is there, and reads as it
//	interfaces(buf: *u8, size: u32, n: *u32)
//	message(fd: u32, buf: *u8, size: u32, n: *u32)       why the policy refused the last operation of fd, or of 0xffffffff for none
//
// Strings are an address and a length. Where a buffer is too small the result is ERANGE and n what is needed.
func Net() []engine.Import {
	return []engine.Import{
		netImport("dial", "sssp", func(c *call, t *sockets.Table) sockets.Errno {
			network, ok := c.text(0)
			local, ok2 := c.text(2)
			remote, ok3 := c.text(4)
			at, ok4 := slice(c.mem, c.u32(6), 4)
			if !ok || !ok2 || !ok3 || !ok4 {
				return sockets.ErrnoFault
			}
			return putFD(at)(t.Dial(network, local, remote))
		}),
		netImport("listen", "ssp", func(c *call, t *sockets.Table) sockets.Errno {
			network, ok := c.text(0)
			local, ok2 := c.text(2)
			at, ok3 := slice(c.mem, c.u32(4), 4)
			if !ok || !ok2 || !ok3 {
				return sockets.ErrnoFault
			}
			return putFD(at)(t.Listen(network, local))
		}),
		netImport("status", "ibp", func(c *call, t *sockets.Table) sockets.Errno {
			fd := c.u32(0)
			local, remote, errno := t.Status(fd)
			text := local + "\x00" + remote
			if errno != 0 {
				text = t.Message(fd)
			}
			if problem := c.put(1, text); problem != 0 {
				return problem
			}
			return errno
		}),
		netImport("recv-from", "ibbp", func(c *call, t *sockets.Table) sockets.Errno {
			buf, ok := slice(c.mem, c.u32(1), c.u32(2))
			from, ok2 := slice(c.mem, c.u32(3), c.u32(4))
			out, ok3 := slice(c.mem, c.u32(5), 12)
			if !ok || !ok2 || !ok3 {
				return sockets.ErrnoFault
			}
			n, addr, truncated, errno := t.ReadFrom(c.u32(0), buf)
			if errno != 0 {
				return errno
			}
			clear(out)
			binary.LittleEndian.PutUint32(out, uint32(n))
			// An address that has no room is left out: the datagram has been received.
			binary.LittleEndian.PutUint32(out[4:], uint32(copyWhole(from, addr)))
			if truncated {
				out[8] = 1
			}
			return 0
		}),
		netImport("send-to", "ibsp", func(c *call, t *sockets.Table) sockets.Errno {
			buf, ok := slice(c.mem, c.u32(1), c.u32(2))
			to, ok2 := c.text(3)
			out, ok3 := slice(c.mem, c.u32(5), 4)
			if !ok || !ok2 || !ok3 {
				return sockets.ErrnoFault
			}
			n, errno := t.WriteTo(c.u32(0), buf, to)
			if errno == 0 {
				binary.LittleEndian.PutUint32(out, uint32(n))
			}
			return errno
		}),
		netImport("set-option", "iil", func(c *call, t *sockets.Table) sockets.Errno {
			return t.SetOption(c.u32(0), c.u32(1), int64(c.stack[2]))
		}),
		netImport("lookup", "issp", func(c *call, t *sockets.Table) sockets.Errno {
			network, ok := c.text(1)
			name, ok2 := c.text(3)
			at, ok3 := slice(c.mem, c.u32(5), 4)
			if !ok || !ok2 || !ok3 {
				return sockets.ErrnoFault
			}
			return putFD(at)(t.Lookup(c.u32(0), network, name))
		}),
		netImport("interfaces", "bp", func(c *call, t *sockets.Table) sockets.Errno {
			list, errno := t.Interfaces()
			if errno != 0 {
				return errno
			}
			return c.put(0, string(list))
		}),
		netImport("message", "ibp", func(c *call, t *sockets.Table) sockets.Errno {
			return c.put(1, t.Message(c.u32(0)))
		}),
	}
}

// netImport is a function of the interface. params has a letter for each: s for a string, b for a buffer, i, l and p for an i32, an i64 and
// an address.
func netImport(name, params string, f func(c *call, t *sockets.Table) sockets.Errno) engine.Import {
	imp := engine.Import{Module: NetModule, Name: name, Results: []abi.Core{abi.I32}}
	for _, p := range params {
		switch p {
		case 's', 'b':
			imp.Params = append(imp.Params, abi.I32, abi.I32)
		case 'l':
			imp.Params = append(imp.Params, abi.I64)
		default:
			imp.Params = append(imp.Params, abi.I32)
		}
	}
	imp.Func = func(state any, stack []uint64) error {
		g := state.(Guest)
		c := call{mem: g.Bytes(), stack: stack}
		stack[0] = uint64(f(&c, g.Sockets(true)))
		return nil
	}
	return imp
}

// maxText is the longest network, address or name. Names have at most 255 bytes, paths of unix sockets fewer.
const maxText = 1024

// text is the string of which parameter n is the address.
func (c *call) text(n int) (string, bool) {
	b, ok := slice(c.mem, c.u32(n), c.u32(n+1))
	if !ok || len(b) > maxText || !utf8.Valid(b) {
		return "", false
	}
	return string(b), true
}

// put writes to the buffer of which parameter n is the address, followed by its size and by where the length goes.
func (c *call) put(n int, text string) sockets.Errno {
	buf, ok := slice(c.mem, c.u32(n), c.u32(n+1))
	length, ok2 := slice(c.mem, c.u32(n+2), 4)
	if !ok || !ok2 {
		return sockets.ErrnoFault
	}
	binary.LittleEndian.PutUint32(length, uint32(len(text)))
	if len(text) > len(buf) {
		return sockets.ErrnoRange
	}
	copy(buf, text)
	return 0
}

// putFD stores the descriptor of an operation that has one.
func putFD(at []byte) func(uint32, sockets.Errno) sockets.Errno {
	return func(fd uint32, errno sockets.Errno) sockets.Errno {
		if errno == 0 {
			binary.LittleEndian.PutUint32(at, fd)
		}
		return errno
	}
}

// copyWhole copies text if there is room for all of it, and returns how much it has copied.
func copyWhole(to []byte, text string) int {
	if len(text) > len(to) {
		return 0
	}
	return copy(to, text)
}
