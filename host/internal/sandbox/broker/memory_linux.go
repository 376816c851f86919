package broker

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// read copies memory of the process that waits for an answer. It may change what it has there at any time: nothing is read twice.
func (b *Broker) read(n *notification, address uint64, p []byte) unix.Errno {
	if len(p) == 0 {
		return 0
	}
	local := []unix.Iovec{{Base: &p[0]}}
	local[0].SetLen(len(p))
	read, err := unix.ProcessVMReadv(b.pid, local, []unix.RemoteIovec{{Base: uintptr(address), Len: len(p)}}, 0)
	if err != nil || read != len(p) {
		return unix.EFAULT
	}
	return 0
}

// write changes memory of the process that waits for an answer.
func (b *Broker) write(n *notification, address uint64, p []byte) unix.Errno {
	local := []unix.Iovec{{Base: &p[0]}}
	local[0].SetLen(len(p))
	written, err := unix.ProcessVMWritev(b.pid, local, []unix.RemoteIovec{{Base: uintptr(address), Len: len(p)}}, 0)
	if err != nil || written != len(p) {
		return unix.EFAULT
	}
	return 0
}

// message is struct msghdr, of a system call.
type message struct {
	name        uint64
	nameSize    uint32
	vectors     uint64
	count       uint64
	control     uint64
	controlSize uint64
}

const (
	sizeMessage = 56
	// offsetLength is where struct mmsghdr has how many bytes were sent.
	offsetLength = sizeMessage
)

func (b *Broker) readMessage(n *notification, address uint64) (message, unix.Errno) {
	var p [sizeMessage]byte
	if errno := b.read(n, address, p[:]); errno != 0 {
		return message{}, errno
	}
	word := func(at int) uint64 { return binary.NativeEndian.Uint64(p[at:]) }
	return message{
		name: word(0), nameSize: binary.NativeEndian.Uint32(p[8:]), vectors: word(16), count: word(24), control: word(32), controlSize: word(40),
	}, 0
}

const (
	maxVectors = 1024
	// maxData bounds what is copied of one message, in bytes. Of streams the rest is sent by the next call.
	maxData = 256 << 10
)

// readVectors copies what some vectors lead to, up to a limit, and says whether that was all.
func (b *Broker) readVectors(n *notification, address, count uint64) (data []byte, whole bool, errno unix.Errno) {
	if count > maxVectors {
		return nil, false, unix.EMSGSIZE
	}
	raw := make([]byte, 16*count)
	if errno := b.read(n, address, raw); errno != 0 {
		return nil, false, errno
	}
	for i := range int(count) {
		base, size := binary.NativeEndian.Uint64(raw[16*i:]), binary.NativeEndian.Uint64(raw[16*i+8:])
		room := uint64(maxData - len(data))
		part := make([]byte, min(size, room))
		if errno := b.read(n, base, part); errno != 0 {
			return nil, false, errno
		}
		data = append(data, part...)
		if size > room {
			return data, false, 0
		}
	}
	return data, true, 0
}
