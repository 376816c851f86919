package wasmopt

import "slices"

// emit writes the instructions of the function.
func (f *function) emit(top *region, stats *Stats) {
	f.entrances()
	for _, in := range f.instrs[:f.dispatch-1-len(f.blocks)] {
		if in.op == opLoop && !f.again {
			f.out = append(f.out, opBlock, blockVoid)
		} else {
			f.raw(in)
		}
	}
	f.open = f.outer
	f.region(top, stats)
	for _, in := range f.instrs[f.tail:] {
		f.raw(in)
	}
}

func (f *function) raw(in instr) { f.out = append(f.out, f.body[in.from:in.to]...) }

// back returns the loop at whose beginning a backward jump from a block goes on, or nil if that is only possible through the
// table of the function.
func (f *function) back(from int, j jump) *region {
	r := f.blocks[j.target].in
	if r.parent == nil || r.first != j.target || !r.contains(from) {
		return nil
	}
	return r
}

// entrances finds out how blocks are entered: those in which a suspended function may go on, which follow or contain a call;
// those to which a jump through the function's table goes; and those inside of a loop to which a jump from outside goes.
func (f *function) entrances() {
	f.entered = slices.Grow(f.entered[:0], len(f.blocks))[:len(f.blocks)]
	clear(f.entered)
	f.resumed, f.again, f.tables = false, f.looks(), false
	if f.looks() {
		for _, l := range f.loops {
			f.enter(l.first, nil)
		}
	}
	for i := range f.blocks {
		b := &f.blocks[i]
		if b.calls {
			f.resumed = true
			f.enter(i, nil)
			if i+1 < len(f.blocks) {
				f.enter(i+1, nil)
			}
		}
		for _, j := range b.jumps {
			if j.target <= i {
				if f.back(i, j) == nil {
					f.again = true
					f.enter(j.target, nil)
				}
			} else if outside, _, inside := f.route(i, j.target); inside {
				f.enter(j.target, outside)
			}
		}
	}
}

// enter records that a block is entered through the tables of the loops around it that are within a region; nil is for all.
func (f *function) enter(block int, within *region) {
	f.entered[block] = true
	for r := f.blocks[block].in; r != within && r.parent != nil; r = r.parent {
		if r.first != block {
			r.table, f.tables = true, true
		}
	}
}

// region writes a region.
//
// PC_B is zero but on the way through tables: a block that is entered through one sets it back.
func (f *function) region(r *region, stats *Stats) {
	if r.parent != nil {
		r.label = f.begin(opLoop)
	}
	for i := len(r.parts) - 1; i > 0; i-- {
		r.parts[i].label = f.begin(opBlock)
	}
	if r.table || r.parent == nil && (f.resumed || f.again) {
		r.parts[0].label = f.begin(opBlock)
		f.choose(r)
		f.end()
	}
	for i := range r.parts {
		if i > 0 {
			f.end()
		}
		if p := &r.parts[i]; p.loop != nil {
			f.region(p.loop, stats)
		} else {
			f.block(p.block, stats)
		}
	}
	if r.parent != nil {
		f.end()
	}
}

// begin opens a block or loop and returns its label.
func (f *function) begin(op byte) int {
	f.out = append(f.out, op, blockVoid)
	f.open++
	return f.open - 1
}

func (f *function) end() {
	f.out = append(f.out, opEnd)
	f.open--
}

// branch writes a branch to a label.
func (f *function) branch(op byte, label int) {
	f.out = append(f.out, op)
	f.out = appendU32(f.out, uint32(f.open-1-label))
}

// lookAt writes what each turn of a loop does that begins at the block for a value of PC_B.
func (f *function) lookAt(pc int64) {
	f.out = f.meter.countInner(f.out, f.counter)
	f.open++
	f.out = appendS32(append(f.out, opI32Const), int32(pc)|lookBit)
	f.out = append(f.out, opLocalSet, 0)
	f.branch(opBr, f.entry)
	f.end()
}

// choose writes the table of a region. Nearly always PC_B is zero, and that is asked first: such a branch is predicted well, and
// the one through the table is not.
func (f *function) choose(r *region) {
	f.out = append(f.out, opLocalGet, 0, opI32Eqz)
	f.branch(opBrIf, r.parts[0].label)
	if r.parent == nil && f.looks() {
		f.out = f.meter.called(f.out)
	}
	// The values of PC_B for its blocks.
	low, _ := slices.BinarySearch(f.table, r.first)
	high, _ := slices.BinarySearch(f.table, r.last+1)
	f.out = append(f.out, opLocalGet, 0)
	if low > 0 {
		f.out = append(f.out, opI32Const)
		f.out = appendS32(f.out, int32(low))
		f.out = append(f.out, opI32Sub)
	}
	f.out = append(f.out, opBrTable)
	f.out = appendU32(f.out, uint32(high-low-1))
	for _, b := range f.table[low:high] {
		f.out = appendU32(f.out, uint32(f.open-1-r.part(b).label))
	}
}

// block writes a block of the function.
func (f *function) block(n int, stats *Stats) {
	b := &f.blocks[n]
	if f.tables && f.entered[n] {
		f.out = append(f.out, opI32Const, 0, opLocalSet, 0)
	}
	later := len(f.blocks) - 1 - n
	jumps := b.jumps
	around := f.open
	for i := b.from; i < b.to; i++ {
		in := f.instrs[i]
		switch in.op {
		case opBlock, opLoop, opIf:
			f.open++
		case opEnd:
			f.open--
		case opI32Const:
			if len(jumps) > 0 && jumps[0].at == i {
				f.jump(n, jumps[0], stats)
				jumps = jumps[1:]
				i += 2
				continue
			}
		case opBr, opBrIf:
			if to := int(in.arg) - (f.open - around) - later; to >= 0 {
				f.branch(in.op, f.outer-1-to)
				continue
			}
		}
		f.raw(in)
	}
}

// jump writes a jump from a block.
func (f *function) jump(from int, j jump, stats *Stats) {
	stats.Jumps++
	through := false // a table
	var label int
	if j.target <= from {
		r := f.back(from, j)
		if r != nil {
			label = r.label
		} else {
			label, through = f.entry, true
		}
		switch {
		case f.meter == nil:
		case r != nil:
			f.lookAt(f.instrs[j.at].arg)
		default:
			f.out = f.meter.count(f.out)
		}
	} else {
		var p *part
		_, p, through = f.route(from, j.target)
		label = p.label
	}
	if through {
		f.raw(f.instrs[j.at])
		f.raw(f.instrs[j.at+1])
	} else {
		stats.Direct++
	}
	f.branch(opBr, label)
}
