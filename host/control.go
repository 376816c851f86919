package host

import "encoding/binary"

// Offsets in the control block of a guest that has one; package guest declares it.
const (
	controlArenaNext    = 0
	controlArenaEnd     = 4
	controlInDeadline   = 8
	controlInFlags      = 16
	controlOutFlags     = 20
	controlOutDeadline  = 24
	controlOutMeta      = 32 // address, then length
	controlReplyMeta    = 40 // address, then length
	controlPending      = 48
	controlLeft         = 52
	controlEvents       = 56
	controlOver         = 60
	controlOutboxes     = 64
	controlSize         = 72
	inHasMetadata       = 1 << 0
	inWaitsForReady     = 1 << 1
	outWantHeaders      = 1 << 0
	outWaitsForReady    = 1 << 1
	controlExport       = "cofaas-control"
	initComponentExport = "init-component"
	initialiseExport    = "_initialize"
	resumeExport        = "cofaas-resume"
)

// controlBlock is a view of the control block in a guest's memory, valid as long as the memory is. It is nil for guests
// without one, which then have no call context and one allocation per list.
type controlBlock []byte

func (c controlBlock) u32(off int) uint32       { return binary.LittleEndian.Uint32(c[off:]) }
func (c controlBlock) putU32(off int, v uint32) { binary.LittleEndian.PutUint32(c[off:], v) }
func (c controlBlock) i64(off int) int64        { return int64(binary.LittleEndian.Uint64(c[off:])) }
func (c controlBlock) putI64(off int, v int64)  { binary.LittleEndian.PutUint64(c[off:], uint64(v)) }

// takeMeta appends to buf the metadata that a guest left at a place in its control block, and resets the place. It returns nil if there
// is none. bad says that it pointed outside of the memory, or to something else.
func (c controlBlock) takeMeta(off int, mem, buf []byte) (meta []byte, bad bool) {
	ptr, n := uint64(c.u32(off)), uint64(c.u32(off+4))
	if n == 0 {
		return nil, false
	}
	c.putU32(off, 0)
	c.putU32(off+4, 0)
	if ptr+n > uint64(len(mem)) || n > maxMetadata || !wholeMeta(mem[ptr:ptr+n]) {
		return nil, true
	}
	return append(buf, mem[ptr:ptr+n]...), false
}

// maxMetadata is the most metadata of a call in bytes: what grpc-go accepts as header lists by default.
const maxMetadata = 16 << 20
