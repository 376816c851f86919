package guest

import (
	"runtime"
	"strings"
	"unsafe"
)

// Incoming data is placed by the host in the inbound arena and is then aliased by the strings and byte slices of lifted
// messages, so that a payload is copied once on the whole edge. The arena is a chunk of memory from which the host takes
// pieces; a chunk lives as long as anything in it is referenced: Go's collector decides.
//
// A chunk costs a guest several microseconds (the page allocator, a turn of the scheduler, a share of a collection), so it
// serves many messages: larger messages get larger chunks. The price is that what is kept for long keeps its chunk, up to 64
// times as much memory for a small message, and 4 times for one of a megabyte. Larger ones get blocks of their own.
const (
	smallChunk  = 256 << 10 // for data up to 16 KB
	mediumChunk = 1 << 20   // up to 128 KB
	largeChunk  = 4 << 20   // up to 1 MB
	// Before a guest calls out it makes sure of this much room, so that the host rarely has to call back for memory.
	reserve = 4 << 10
	// And so much before it receives messages of a stream, of which there may be many.
	streamReserve = 16 << 10
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
	handed *handed
	// generation numbers the small chunks, from 1. It is 0 while the chunk is a larger one.
	generation uint32
	// generations is the last number given.
	generations uint32
	// turn counts calls down to the next turn of the runtime's own goroutines: the collector leaves work to them (sweeping,
	// giving back its buffers), and nothing else would ever let them run in a guest whose handlers do not block. New memory
	// makes it the next call.
	turn int
}

// inbound keeps incoming data alive while it is lifted.
type inbound struct {
	chunk  unsafe.Pointer
	handed *handed
}

// handed is a list of memory, most often empty.
type handed struct {
	block unsafe.Pointer
	next  *handed
}

// unrooted is what roots no memory of the arena: its chunk is none of them.
var unrooted = inbound{chunk: unsafe.Pointer(&control)}

// takeInbound returns the roots of what the host has written. It does not allocate.
func takeInbound() inbound {
	in := inbound{arena.chunk, arena.handed}
	if in.handed != nil {
		arena.handed = nil
	}
	return in
}

// hand adds memory that the host may write to.
func hand(block unsafe.Pointer) {
	h := &handed{block: block}
	// Looked at after allocating, which may let another goroutine take the list.
	h.next = arena.handed
	arena.handed = h
	arena.turn = 0 // so that Serve looks
}

// chunkFor returns the size of the chunk from which n bytes are taken, 0 for a block of their own.
func chunkFor(n uint32) uint32 {
	switch {
	case n <= 16<<10:
		return smallChunk
	case n <= 128<<10:
		return mediumChunk
	case n <= 1<<20:
		return largeChunk
	default:
		return 0
	}
}

// replenish starts a new chunk of a size if less than n bytes are free.
func replenish(n, chunk uint32) {
	if control.arenaEnd-control.arenaNext >= n {
		return
	}
	arena.turn = 0
	fresh := uninitialised(int(chunk))
	arena.chunk, arena.generation = fresh, 0
	if chunk == smallChunk {
		arena.generations++
		arena.generation = arena.generations
	}
	control.arenaNext = address(fresh)
	control.arenaEnd = control.arenaNext + chunk
}

// reallocate implements cabi_realloc for fresh blocks, the only ones that the host asks for.
func reallocate(size uint32) unsafe.Pointer {
	chunk := chunkFor(size)
	if chunk == 0 {
		block := uninitialised(int(size))
		hand(block)
		return block
	}
	rounded := (size + 7) &^ 7
	if control.arenaEnd-control.arenaNext < rounded {
		hand(arena.chunk)
		replenish(rounded, chunk)
	}
	p := pointer(control.arenaNext)
	control.arenaNext += rounded
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
