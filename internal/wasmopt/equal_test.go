package wasmopt

import (
	"bytes"
	"fmt"
	"slices"
)

// machine walks through a function as far as its control flow goes: it knows PC_B and nothing else. Conditions may turn out
// either way.
type machine struct {
	body   []byte
	instrs []instr
	// match is the index of the end, or for an if of its else or end, of what an instruction opens.
	match map[int]int
	// around are the indices of what is open around each instruction, outermost first.
	around [][]int
	// live says of each instruction that what PC_B is before it may make a difference.
	live []bool
	// meter is what loops count with.
	meter *meter
}

func newMachine(body []byte, meter *meter) (*machine, error) {
	m := &machine{body: body, match: map[int]int{}, meter: meter}
	r := &reader{b: body}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		r.u32()
		r.byte()
	}
	var open []int
	for r.more() {
		in := r.next()
		i := len(m.instrs)
		m.instrs = append(m.instrs, in)
		m.around = append(m.around, slices.Clone(open))
		switch in.op {
		case opBlock, opLoop, opIf:
			open = append(open, i)
		case opElse:
			if len(open) == 0 || m.instrs[open[len(open)-1]].op != opIf {
				return nil, fmt.Errorf("instruction %d is an else without an if", i)
			}
			m.match[open[len(open)-1]] = i
			open[len(open)-1] = i
		case opEnd:
			if len(open) > 0 {
				m.match[open[len(open)-1]] = i
				open = open[:len(open)-1]
			}
		}
	}
	m.live = make([]bool, len(m.instrs)+1)
	for changed := true; changed; {
		changed = false
		for i := len(m.instrs) - 1; i >= 0; i-- {
			if !m.live[i] && m.reads(i) {
				m.live[i], changed = true, true
			}
		}
	}
	return m, r.err
}

// reads reports whether an instruction reads PC_B, or leads to one that does.
func (m *machine) reads(i int) bool {
	switch in := m.instrs[i]; in.op {
	case opLocalGet:
		return in.arg == 0 || m.live[i+1]
	case opLocalSet:
		return in.arg != 0 && m.live[i+1]
	case opBr:
		return m.live[m.follow(i, int(in.arg))]
	case opBrIf:
		return m.live[i+1] || m.live[m.follow(i, int(in.arg))]
	case opIf:
		return m.live[i+1] || m.live[m.match[i]+1]
	case opElse:
		return m.live[m.match[i]+1]
	case opBrTable:
		return slices.ContainsFunc(m.labels(i), func(l int) bool { return m.live[m.follow(i, l)] })
	case 0x00, 0x0f: // unreachable, return
		return false
	default:
		return m.live[i+1]
	}
}

// labels are those of a br_table.
func (m *machine) labels(at int) (labels []int) {
	r := &reader{b: m.body, at: m.instrs[at].from + 1}
	for n := r.u32() + 1; n > 0; n-- {
		labels = append(labels, int(r.u32()))
	}
	return labels
}

// state is a place in a function and what PC_B is there, unknownPC if it was used for something else.
type state struct{ at, pc int }

const unknownPC = -1

// follow returns where a branch at an instruction goes.
func (m *machine) follow(at, depth int) int {
	around := m.around[at]
	if depth >= len(around) {
		return len(m.instrs) // The function returns; what fuzzing makes may go further than there is.
	}
	to := around[len(around)-1-depth]
	if m.instrs[to].op == opLoop {
		return to + 1
	}
	end := m.match[to]
	if m.instrs[end].op == opElse {
		end = m.match[end]
	}
	return end + 1
}

// forget leaves PC_B out of a state in which it makes no difference, so that there are few states.
func (m *machine) forget(s state) state {
	if s.at >= len(m.instrs) || !m.live[s.at] {
		s.pc = unknownPC
	}
	return s
}

// event is what a function does next that can be seen: an instruction, or one with two outcomes.
type event struct {
	what string
	next []state
}

// step goes on to the next event.
func (m *machine) step(s state) (event, error) {
	for range 1 << 20 {
		if s.at >= len(m.instrs) {
			return event{what: "return"}, nil
		}
		in := m.instrs[s.at]
		peek := func(n int) instr {
			if s.at+n < len(m.instrs) {
				return m.instrs[s.at+n]
			}
			return instr{}
		}
		if m.meter != nil {
			if e, ok, err := m.counting(s); ok {
				return e, err
			}
			if next, ok := m.called(s); ok {
				s = next
				continue
			}
		}
		switch {
		case in.op == opBlock, in.op == opLoop, in.op == opEnd:
			s.at++
		case in.op == opElse:
			s.at = m.match[s.at] + 1
		case in.op == opBr:
			s.at = m.follow(s.at, int(in.arg))
		case in.op == opI32Const && peek(1).op == opLocalSet && peek(1).arg == 0:
			s = state{s.at + 2, int(in.arg)}
		case in.op == opLocalGet && in.arg == 0 && peek(1).op == opI32Eqz && peek(2).op == opBrIf:
			if s.pc == unknownPC {
				return event{}, fmt.Errorf("instruction %d depends on what PC_B is not", s.at)
			}
			if s.pc == 0 {
				s.at = m.follow(s.at+2, int(peek(2).arg))
			} else {
				s.at += 3
			}
		case in.op == opLocalGet && in.arg == 0 && peek(1).op == opBrTable,
			in.op == opLocalGet && in.arg == 0 && peek(1).op == opI32Const && peek(2).op == opI32Sub && peek(3).op == opBrTable:
			if s.pc == unknownPC {
				return event{}, fmt.Errorf("instruction %d depends on what PC_B is not", s.at)
			}
			at, value := s.at+1, uint32(s.pc)
			if m.instrs[at].op != opBrTable {
				at, value = s.at+3, value-uint32(peek(1).arg)
			}
			labels := m.labels(at)
			s.at = m.follow(at, labels[min(int(value), len(labels)-1)])
		case in.op == opBrIf:
			return event{"br_if", []state{{m.follow(s.at, int(in.arg)), s.pc}, {s.at + 1, s.pc}}}, nil
		case in.op == opIf:
			return event{"if", []state{{s.at + 1, s.pc}, {m.match[s.at] + 1, s.pc}}}, nil
		case in.op == 0x00, in.op == 0x0f: // unreachable, return
			return event{what: fmt.Sprint("leave ", in.op)}, nil
		default:
			next := state{s.at + 1, s.pc}
			if in.op == opLocalSet && in.arg == 0 || in.op == 0x22 && in.arg == 0 {
				next.pc = unknownPC
			}
			return event{string(m.body[in.from:in.to]), []state{next}}, nil
		}
	}
	return event{}, fmt.Errorf("instruction %d: the function loops without doing anything", s.at)
}

// counting is step for the turn of a loop: whether the guest looks or not, it goes on in the same way.
func (m *machine) counting(s state) (e event, ok bool, err error) {
	in := m.instrs[s.at]
	for _, pattern := range [][]byte{m.meter.count(nil), m.meter.countInner(nil, uint32(in.arg))} {
		if !bytes.HasPrefix(m.body[in.from:], pattern) {
			continue
		}
		at := s.at // of the if
		for m.instrs[at].op != opIf {
			at++
		}
		taken := at + 1
		if m.instrs[taken].op == opCall {
			taken++
		}
		e, err = m.step(state{taken, s.pc})
		if err != nil {
			return e, true, err
		}
		other, err := m.step(state{m.match[at] + 1, s.pc})
		if err != nil {
			return e, true, err
		}
		if e.what != other.what || len(e.next) != len(other.next) {
			return e, true, fmt.Errorf("instruction %d: % x after looking, % x else", s.at, e.what, other.what)
		}
		for i := range e.next {
			if m.forget(e.next[i]) != m.forget(other.next[i]) {
				return e, true, fmt.Errorf("instruction %d: %v after looking, %v else", s.at, e.next[i], other.next[i])
			}
		}
		return e, true, nil
	}
	return e, false, nil
}

// called steps over what a table does for loops that look.
func (m *machine) called(s state) (state, bool) {
	pattern := m.meter.called(nil)
	if !bytes.HasPrefix(m.body[m.instrs[s.at].from:], pattern) {
		return s, false
	}
	end := m.instrs[s.at].from + len(pattern)
	if s.pc >= lookBit {
		s.pc &= lookBit - 1
	}
	for m.instrs[s.at].from < end {
		s.at++
	}
	return s, true
}

// sameControlFlow reports a difference between two functions: with the given values of PC_B at first, however conditions turn
// out, they execute the same instructions in the same order, PC_B and branches aside.
func sameControlFlow(a, b []byte, meter *meter, values []int) error {
	ma, err := newMachine(a, nil)
	if err != nil {
		return err
	}
	mb, err := newMachine(b, meter)
	if err != nil {
		return err
	}
	type pair struct{ a, b state }
	seen := map[pair]bool{}
	var work []pair
	for _, pc := range values {
		work = append(work, pair{state{0, pc}, state{0, pc}})
	}
	for len(work) > 0 {
		p := work[len(work)-1]
		work = work[:len(work)-1]
		if seen[p] {
			continue
		}
		seen[p] = true
		ea, err := ma.step(p.a)
		if err != nil {
			return fmt.Errorf("before: %w", err)
		}
		eb, err := mb.step(p.b)
		if err != nil {
			return fmt.Errorf("after: %w", err)
		}
		if ea.what != eb.what || len(ea.next) != len(eb.next) {
			return fmt.Errorf("at %v: % x before and % x after", p, ea.what, eb.what)
		}
		for i := range ea.next {
			work = append(work, pair{ma.forget(ea.next[i]), mb.forget(eb.next[i])})
		}
	}
	return nil
}
