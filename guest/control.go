package guest

import "unsafe"

// controlBlock is the part of the guest's memory that host and guest read and write without calling each other: what
// would otherwise cost a crossing per call. The host learns its address once, from the export "cofaas-control".
//
// Its layout is part of the ABI: package host reads it at fixed offsets, to which TestControlLayout holds it.
type controlBlock struct {
	// The free part of the inbound arena, [arenaNext, arenaEnd). The host takes from its start, 8-aligned; when it is
	// too small, the host calls cabi_realloc.
	arenaNext, arenaEnd uint32

	// Set by the host before it calls an export: the deadline in Unix nanoseconds or 0, and whether the call has
	// metadata, which the import "metadata" returns.
	inDeadline int64
	inFlags    uint32

	// Set by the guest before it calls an import, and reset by the host: whether the caller wants to see headers.
	outFlags uint32
	// The deadline of the call, as inDeadline.
	outDeadline int64
	// The encoded metadata of the call.
	outMetaPtr, outMetaLen uint32

	// The encoded headers and trailers of a reply: set by the guest before an export returns and reset by the host;
	// set by the host before an import returns to a caller that wants headers, and reset by the guest.
	replyMetaPtr, replyMetaLen uint32
}

const (
	inHasMetadata  = 1 << 0
	outWantHeaders = 1 << 0
)

// control does not move: Go allocates package variables in the module's data.
var control controlBlock

// address returns the linear-memory address of p. Off Wasm it truncates and means nothing.
func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

// pointer returns the pointer to a linear-memory address that the host or this package made, 0 giving nil.
// It goes through memory because a conversion from uintptr is only for addresses in flight; these are rooted by
// the arena or by a ServerCall.
func pointer(addr uint32) unsafe.Pointer {
	a := uintptr(addr)
	return *(*unsafe.Pointer)(unsafe.Pointer(&a))
}
