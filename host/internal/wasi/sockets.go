package wasi

import (
	"encoding/binary"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/internal/abi"
)

// Guest is what the functions of this package have to know of the instance that calls them: the state of its engine.
type Guest interface {
	// Bytes is the memory as it is now.
	Bytes() []byte
	// Sockets are the instance's descriptors. make says that they are wanted even if there are none: without it the result may be nil.
	Sockets(make bool) *sockets.Table
}

// IsSocket says whether a descriptor is in the range of those of sockets, which package sockets gives out. The engine's own are small.
func IsSocket(fd uint32) bool { return fd >= 1<<20 }

// Sockets are the functions of the system interface that read, write, accept, shut down and close. They leave descriptors that are not of
// sockets to the engine.
func Sockets() []engine.Import {
	i32 := func(n int) []abi.Core {
		types := make([]abi.Core, n)
		for i := range types {
			types[i] = abi.I32
		}
		return types
	}
	var imports []engine.Import
	add := func(name string, params int, f func(c *call, t *sockets.Table, fd uint32) sockets.Errno) {
		imports = append(imports, engine.Import{
			Module: Module, Name: name, Params: i32(params), Results: i32(1),
			Func: func(state any, stack []uint64) error {
				fd := uint32(stack[0])
				if !IsSocket(fd) {
					return engine.ErrDefault
				}
				g := state.(Guest)
				t := g.Sockets(false)
				if t == nil {
					stack[0] = uint64(sockets.ErrnoBadf)
					return nil
				}
				c := call{mem: g.Bytes(), stack: stack}
				stack[0] = uint64(f(&c, t, fd))
				return nil
			},
		})
	}
	add("fd_read", 4, func(c *call, t *sockets.Table, fd uint32) sockets.Errno {
		return c.vectors(func(p [][]byte) (int, sockets.Errno) { return t.Read(fd, p) })
	})
	add("fd_write", 4, func(c *call, t *sockets.Table, fd uint32) sockets.Errno {
		return c.vectors(func(p [][]byte) (int, sockets.Errno) { return t.Write(fd, p) })
	})
	add("fd_close", 1, func(_ *call, t *sockets.Table, fd uint32) sockets.Errno { return t.Close(fd) })
	add("fd_fdstat_get", 2, func(c *call, t *sockets.Table, fd uint32) sockets.Errno {
		stream, ok := t.IsStream(fd)
		if !ok {
			return sockets.ErrnoBadf
		}
		return PutFdstat(c.mem, c.u32(1), stream)
	})
	add("fd_fdstat_set_flags", 2, func(c *call, t *sockets.Table, fd uint32) sockets.Errno {
		if _, ok := t.IsStream(fd); !ok {
			return sockets.ErrnoBadf
		}
		if c.u32(1)&flagNonblock == 0 {
			return sockets.ErrnoNotsup // Nothing ever blocks.
		}
		return 0
	})
	add("sock_accept", 3, func(c *call, t *sockets.Table, fd uint32) sockets.Errno {
		at, ok := slice(c.mem, c.u32(2), 4)
		if !ok {
			return sockets.ErrnoFault
		}
		conn, errno := t.Accept(fd)
		if errno == 0 {
			binary.LittleEndian.PutUint32(at, conn)
		}
		return errno
	})
	add("sock_shutdown", 2, func(c *call, t *sockets.Table, fd uint32) sockets.Errno {
		const read, write = 1, 2
		how := c.u32(1)
		if how&^(read|write) != 0 || how == 0 {
			return sockets.ErrnoInval
		}
		return t.Shutdown(fd, how&read != 0, how&write != 0)
	})
	return imports
}

const (
	fdstatSize       = 24
	fdstatFlags      = 2
	fdstatRights     = 8
	filetypeDatagram = 5
	filetypeStream   = 6
	flagNonblock     = 4
)

// PutFdstat writes what fd_fdstat_get says of a socket at an address of the memory. All rights are given: Go asks for none.
func PutFdstat(mem []byte, at uint32, stream bool) sockets.Errno {
	stat, ok := slice(mem, at, fdstatSize)
	if !ok {
		return sockets.ErrnoFault
	}
	clear(stat)
	stat[0] = filetypeDatagram
	if stream {
		stat[0] = filetypeStream
	}
	binary.LittleEndian.PutUint16(stat[fdstatFlags:], flagNonblock)
	for i := fdstatRights; i < fdstatSize; i++ {
		stat[i] = 0xff
	}
	return 0
}

// call is a call of a function: the parameters, and the memory to which they refer.
type call struct {
	mem   []byte
	stack []uint64
}

// u32 is a parameter. The engine may leave anything in the upper half.
func (c *call) u32(n int) uint32 { return uint32(c.stack[n]) }

// maxVectors is how many buffers a call may have, as IOV_MAX.
const maxVectors = 1024

// vectors is fd_read or fd_write: with the address and the number of buffers, and where their sum goes.
func (c *call) vectors(f func([][]byte) (int, sockets.Errno)) sockets.Errno {
	const vectorSize = 8
	n := c.u32(2)
	if n > maxVectors {
		return sockets.ErrnoInval
	}
	list, ok := slice(c.mem, c.u32(1), n*vectorSize)
	out, ok2 := slice(c.mem, c.u32(3), 4)
	if !ok || !ok2 {
		return sockets.ErrnoFault
	}
	var few [4][]byte
	p := few[:0]
	for ; len(list) > 0; list = list[vectorSize:] {
		b, ok := slice(c.mem, binary.LittleEndian.Uint32(list), binary.LittleEndian.Uint32(list[4:]))
		if !ok {
			return sockets.ErrnoFault
		}
		p = append(p, b)
	}
	done, errno := f(p)
	if errno == 0 {
		binary.LittleEndian.PutUint32(out, uint32(done))
	}
	return errno
}
