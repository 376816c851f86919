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

	// Set by the host before it calls an export: the deadline in Unix nanoseconds or 0; whether the call has metadata, which
	// the import "metadata" returns, and whether it waits for a server.
	inDeadline int64
	inFlags    uint32

	// Set by the guest before it calls an import, and reset by the host: whether the caller wants to see headers,
	// and whether it waits for a server.
	outFlags uint32
	// The deadline of the call, as inDeadline.
	outDeadline int64
	// The encoded metadata of the call.
	outMetaPtr, outMetaLen uint32

	// The encoded headers and trailers of a reply: set by the guest before an export returns and reset by the host;
	// set by the host before an import returns to a caller that wants headers, and reset by the guest.
	replyMetaPtr, replyMetaLen uint32

	// Set by the host before an import returns whose call goes on, and reset by the guest: the number of the call.
	pending uint32
	// Set by the guest when it leaves an export, and reset by the host: the number of the call that it will finish later.
	left uint32
	// Set by the host: how many events there are for the guest to take. Until the host knows the block there may be some.
	events uint32
	// Set by the guest when main has returned before it served.
	over uint32

	// The first of the outboxes that are not empty: set by the guest, reset by the host when it empties them.
	outboxes uint32
	_        uint32
}

const (
	inHasMetadata    = 1 << 0
	inWaitsForReady  = 1 << 1
	outWantHeaders   = 1 << 0
	outWaitsForReady = 1 << 1
)

// control does not move: Go allocates package variables in the module's data.
var control = controlBlock{events: 1}

// address returns the linear-memory address of p. Off Wasm it truncates and means nothing.
func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

// pointer returns the pointer to a linear-memory address that the host or this package made, 0 giving nil.
// It goes through memory because a conversion from uintptr is only for addresses in flight; these are rooted by
// the arena or by a ServerCall.
func pointer(addr uint32) unsafe.Pointer {
	a := uintptr(addr)
	return *(*unsafe.Pointer)(unsafe.Pointer(&a))
}
