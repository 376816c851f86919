package link

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// guest is a linear memory with a bump allocator. What has not been given out holds a pattern, so that it shows when it is
// written to.
type guest struct {
	mem    []byte
	next   uint32
	each   bool // one allocation per list
	blocks []block
	// answer replaces the allocator.
	answer func(size, align uint32) (uint32, error)
}

type block struct{ at, size uint32 }

const fence = 0xa5

// newGuest returns a memory of size bytes, which are given out from start on.
func newGuest(size, start uint32) *guest {
	return &guest{mem: bytes.Repeat([]byte{fence}, int(size)), next: start}
}

func (g *guest) Bytes() []byte  { return g.mem }
func (g *guest) OneBlock() bool { return !g.each }

func (g *guest) Alloc(size, align uint32) (uint32, error) {
	if g.answer != nil {
		return g.answer(size, align)
	}
	return g.take(size, align), nil
}

// take gives out cleared memory at the least alignment that was asked for.
func (g *guest) take(size, align uint32) uint32 {
	at := (g.next + align - 1) &^ (align - 1)
	if at%(2*align) == 0 {
		at += align
	}
	g.next = at + size
	g.blocks = append(g.blocks, block{at, size})
	clear(g.mem[at:][:size])
	return at
}

func (g *guest) u32(at uint32) uint32 { return binary.LittleEndian.Uint32(g.mem[at:]) }

// put stores words at an address.
func (g *guest) put(at uint32, words ...uint32) {
	for i, w := range words {
		binary.LittleEndian.PutUint32(g.mem[at+4*uint32(i):], w)
	}
}

// checkFence checks that nothing outside of blocks, which are in ascending order, was written.
func (g *guest) checkFence(t testing.TB, blocks ...block) {
	t.Helper()
	at := uint32(0)
	for _, b := range append(slices.Clone(blocks), block{uint32(len(g.mem)), 0}) {
		gap := g.mem[at:b.at]
		if bytes.Count(gap, []byte{fence}) != len(gap) {
			t.Fatalf("something was written between 0x%x and 0x%x, outside of %v", at, b.at, blocks)
		}
		at = b.at + b.size
	}
}
