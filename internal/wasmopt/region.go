package wasmopt

import "slices"

// region is a sequence of blocks: the whole function, or a loop, which is what backward jumps to its first block span.
//
// A loop that contains a call stays with the function's table, in which a function that was suspended in the call goes on: a
// table of its own would make up for what it saves.
type region struct {
	first, last int // blocks
	parent      *region
	// parts are the blocks and loops of which it consists, in order.
	parts []part
	// label is the index of the loop's label, from outside.
	label int
	// table says that a part other than the first may be entered from outside of the loop.
	table bool
}

// part is a block or a loop.
type part struct {
	block int
	loop  *region
	// label is that of the block that ends before the part, from outside.
	label int
}

func (p *part) first() int {
	if p.loop != nil {
		return p.loop.first
	}
	return p.block
}

func (r *region) contains(block int) bool { return r.first <= block && block <= r.last }

// part returns the part with a block in it.
func (r *region) part(block int) *part {
	for i := len(r.parts) - 1; i > 0; i-- {
		if r.parts[i].first() <= block {
			return &r.parts[i]
		}
	}
	return &r.parts[0]
}

// regions finds the loops and returns the function as a region.
func (f *function) regions() *region {
	// last is the last block of the loop that begins at a block, or -1.
	last := make([]int, len(f.blocks))
	for i := range last {
		last[i] = -1
	}
	for i := range f.blocks {
		for _, j := range f.blocks[i].jumps {
			if j.target <= i {
				last[j.target] = i
			}
		}
	}
	for i := range last {
		if last[i] >= 0 && slices.ContainsFunc(f.blocks[i:last[i]+1], func(b block) bool { return b.calls }) {
			last[i] = -1
		}
	}
	// Loops that overlap become nested: the outer one grows.
	for i := len(last) - 1; i >= 0; i-- {
		for b := i + 1; b <= last[i]; b++ {
			if last[b] >= 0 {
				last[i] = max(last[i], last[b])
				b = last[b]
			}
		}
	}
	f.loops = f.loops[:0]
	top := &region{last: len(f.blocks) - 1}
	in := top
	for b := range f.blocks {
		for b > in.last {
			in = in.parent
		}
		if last[b] >= 0 {
			loop := &region{first: b, last: last[b], parent: in}
			in.parts = append(in.parts, part{loop: loop})
			in = loop
			f.loops = append(f.loops, loop)
		}
		in.parts = append(in.parts, part{block: b})
		f.blocks[b].in = in
	}
	return top
}

// route returns the region in which a jump from one block to a later one happens, the part of it that it goes to, and whether
// that part is a loop which is not entered at its first block.
func (f *function) route(from, to int) (r *region, p *part, inside bool) {
	r = f.blocks[to].in
	for !r.contains(from) {
		r = r.parent
	}
	p = r.part(to)
	return r, p, p.first() != to
}
