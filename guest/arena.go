package guest

import (
	"runtime"
	"strings"
	"unsafe"
)

// Incoming data is placed by the host in the inbound arena and is then aliased by the strings and byte slices of lifted
// messages, so that a payload is copied once on the whole edge. A chunk lives as long as anything in it is referenced:
// Go's collector decides. Small data shares chunks, at the price that a short string which is kept for long keeps its
// chunk; that is why chunks are small.
const (
	chunkSize = 64 << 10
	// Data larger than this gets a block of its own, so that a chunk's rest is not thrown away for it.
	ownBlock = chunkSize / 4
	// Before a guest calls out it makes sure of this much room, so that the host rarely has to call back for memory.
	reserve = 4 << 10
	// The most calls without a turn of the runtime's goroutines, which costs as much as half a call.
	callsPerTurn = 256
)

// arena roots the memory that the host writes to, until whoever lifts from it has rooted it: what a value is lifted from
// must be taken with takeInbound before anything is allocated, because allocating may collect and may switch goroutines.
var arena struct {
	// chunk is the memory behind control.arenaNext.
	chunk unsafe.Pointer
	// handed is what else the host may have written to since the last takeInbound: blocks beyond the chunk, and chunks
	// that were replaced.
	handed []unsafe.Pointer
	// turn counts calls down to the next turn of the runtime's own goroutines: the collector leaves work to them (sweeping,
	// giving back its buffers), and nothing else would ever let them run in a guest whose handlers do not block. New memory
	// makes it the next call.
	turn int
}

// inbound keeps incoming data alive while it is lifted.
type inbound struct {
	chunk  unsafe.Pointer
	handed []unsafe.Pointer
}

// takeInbound returns the roots of what the host has written. It does not allocate.
func takeInbound() inbound {
	in := inbound{arena.chunk, arena.handed}
	arena.handed = nil
	return in
}

// replenish starts a new chunk if less than n bytes are free.
func replenish(n uint32) {
	if control.arenaEnd-control.arenaNext >= n {
		return
	}
	arena.turn = 0
	fresh := uninitialised(chunkSize)
	arena.chunk = fresh
	control.arenaNext = address(fresh)
	control.arenaEnd = control.arenaNext + chunkSize
}

// reallocate implements cabi_realloc for fresh blocks, the only ones that the host asks for.
func reallocate(size uint32) unsafe.Pointer {
	arena.turn = 0
	if size > ownBlock {
		block := uninitialised(int(size))
		arena.handed = append(arena.handed, block)
		return block
	}
	if control.arenaEnd-control.arenaNext < size {
		arena.handed = append(arena.handed, arena.chunk)
		replenish(size)
	}
	p := pointer(control.arenaNext)
	control.arenaNext += (size + 7) &^ 7
	return p
}

// uninitialised returns memory for n bytes that hold no pointers, without clearing it, which for large payloads costs as
// much as the copy itself: the host overwrites every byte. A strings.Builder is the public way to such memory.
func uninitialised(n int) unsafe.Pointer {
	var b strings.Builder
	b.Grow(max(n, 16)) // at least 16, for the alignment of its size class
	b.WriteByte(0)     // StringData is defined for strings that are not empty
	return unsafe.Pointer(unsafe.StringData(b.String()))
}

// keepAlive marks the end of lifting from in.
func keepAlive(in inbound) { runtime.KeepAlive(in) }
