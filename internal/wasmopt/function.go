package wasmopt

import "slices"

// function rewrites one function after the other. Its buffers are reused.
type function struct {
	// number is the index in the code section.
	number int
	body   []byte
	instrs []instr

	// dispatch is the index of the br_table. table has the block for each value of PC_B, the last one for larger values.
	dispatch int
	table    []int
	// outer is how many instructions around the table open blocks that are not numbered.
	outer int
	// entry is the loop at which jumps through the table begin: its depth from outside, or -1.
	entry  int
	blocks []block
	// loops are those without calls.
	loops []*region
	// tail is the index of the end instruction behind the last block.
	tail int

	// resumed says that the function may be suspended and go on later, and again that it jumps through the table itself.
	resumed, again bool
	// entered are the blocks that are entered through a table; tables says that there are tables of loops.
	entered []bool
	tables  bool

	// meter is what loops count with, or nil; counter is the local for those without calls.
	meter   *meter
	counter uint32

	out []byte
	// open are the labels that are in scope in out, outermost first; only their number matters.
	open int
}

// block is a basic block of the function, or several that the compiler did not number.
type block struct {
	from, to int // the instructions
	// calls says that there are calls in it.
	calls bool
	jumps []jump
	// in is the innermost loop with the block.
	in *region
}

// jump is a jump through the table: three instructions.
type jump struct {
	at     int // index of the first
	target int // block
}

// rewrite returns the new body of a function, valid until the next call, or nil if it is to stay as it is.
func (f *function) rewrite(body []byte, stats *Stats) []byte {
	f.body, f.instrs, f.out, f.blocks, f.open = body, f.instrs[:0], f.out[:0], f.blocks[:0], 0
	r := &reader{b: body}
	declarations, locals := r.u32(), uint32(0)
	first := r.at
	for n := declarations; n > 0 && r.err == nil; n-- {
		locals += r.u32()
		r.byte()
	}
	start := r.at
	for r.more() {
		f.instrs = append(f.instrs, r.next())
	}
	if r.err != nil || !f.find() || !f.split() {
		return nil
	}
	top := f.regions()
	if f.looks() {
		params, ok := f.meter.paramsOf(f.number)
		if !ok {
			return nil
		}
		f.counter = params + locals
		f.out = appendU32(f.out, declarations+1)
		f.out = append(f.out, body[first:start]...)
		f.out = append(f.out, 1, typeI32)
	} else {
		f.out = append(f.out, body[:start]...)
	}
	f.emit(top, stats)
	return f.out
}

// looks reports whether there are loops that go back to the table of the function to look.
func (f *function) looks() bool { return f.meter != nil && len(f.loops) > 0 }

// isVoid reports whether in opens a block without parameters and results.
func (in instr) isVoid(op byte) bool { return in.op == op && in.arg == blockVoid-0x80 }

// find finds the table of blocks: the first br_table of the function, of its first parameter, with nothing but blocks in
// front.
func (f *function) find() bool {
	f.dispatch = slices.IndexFunc(f.instrs, func(in instr) bool { return in.op == opBrTable })
	if f.dispatch < 1 {
		return false
	}
	if in := f.instrs[f.dispatch-1]; in.op != opLocalGet || in.arg != 0 {
		return false
	}
	r := &reader{b: f.body, at: f.instrs[f.dispatch].from + 1}
	f.table = f.table[:0]
	blocks := 0
	for range int(r.u32()) + 1 {
		t := int(r.u32())
		if t != blocks-1 && t != blocks {
			return false
		}
		f.table = append(f.table, t)
		blocks = t + 1
	}
	first := f.dispatch - 1 - blocks
	if first < 0 {
		return false
	}
	for _, in := range f.instrs[first : f.dispatch-1] {
		if !in.isVoid(opBlock) {
			return false
		}
	}
	f.blocks = slices.Grow(f.blocks, blocks)[:blocks]
	f.outer, f.entry = 0, -1
	for i, in := range f.instrs[:first] {
		switch in.op {
		case opBlock:
			f.outer++
		case opLoop:
			if i != first-1 || !in.isVoid(opLoop) {
				return false
			}
			f.entry = f.outer
			f.outer++
		case opIf, opElse, opEnd:
			return false
		}
	}
	return true
}

// split finds the blocks and the jumps between them. It reports whether all is as the compiler makes it.
func (f *function) split() bool {
	n := 0        // the block, once the first has begun
	started := -1 // of which this is the first instruction
	depth := 0    // of what is open in it
	for i := f.dispatch + 1; i < len(f.instrs); i++ {
		in := f.instrs[i]
		if started < 0 {
			if in.op != opEnd {
				return false
			}
			f.blocks[0] = block{from: i + 1, jumps: f.blocks[0].jumps[:0]}
			started = i + 1
			continue
		}
		b := &f.blocks[n]
		// What is open around the instruction, but for the function itself: depth, the ends of later blocks, and outer.
		later := len(f.blocks) - 1 - n
		switch in.op {
		case opBlock, opLoop, opIf:
			depth++
		case opEnd:
			if depth > 0 {
				depth--
				continue
			}
			b.to = i
			if later == 0 {
				f.tail = i
				return true
			}
			n++
			f.blocks[n] = block{from: i + 1, jumps: f.blocks[n].jumps[:0]}
		case opCall, opCallIndirect:
			b.calls = true
		case opBrTable:
			return false
		case opI32Const:
			if t, ok := f.parseJump(i, depth+later); ok {
				b.jumps = append(b.jumps, jump{i, t})
				i += 2
			}
		case opBr, opBrIf:
			// No branch of the compiler's goes to a numbered block or the loop in any other way, and none of a valid function out
			// of it.
			if to := int(in.arg) - depth; to >= 0 && to < later || to == f.entryDepth(later) || to > later+f.outer {
				return false
			}
		}
	}
	return false
}

// entryDepth is the depth of the entry loop for a branch with a number of later blocks around it, or -1.
func (f *function) entryDepth(later int) int {
	if f.entry < 0 {
		return -1
	}
	return later + f.outer - 1 - f.entry
}

// parseJump returns the block to which the instructions at i jump through the table, given the depth of the blocks around a branch
// at i.
func (f *function) parseJump(i, depth int) (target int, ok bool) {
	if f.entry < 0 || i+2 >= len(f.instrs) {
		return 0, false
	}
	c, s, b := f.instrs[i], f.instrs[i+1], f.instrs[i+2]
	if c.arg < 0 || s.op != opLocalSet || s.arg != 0 || b.op != opBr || int(b.arg) != depth+f.outer-1-f.entry {
		return 0, false
	}
	return f.table[min(int(c.arg), len(f.table)-1)], true
}
