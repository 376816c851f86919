package wasmopt

import "github.com/cofaas/cofaas/internal/abi"

// A guest runs in code that the host's own scheduler and collector cannot interrupt: a loop that does not end would stop them both
// for as long as it runs. So loops count down, and now and then leave the guest's code for a moment: by calling an import, [abi.FlushImport],
// with which the host sends what the guest has gathered, or if the guest does not import it, by asking for no more
// memory, which is the cheapest way out. There the host can also end the guest: the guest traps if the global [abi.StopGlobal], which it
// exports, is not zero.

// A loop with calls counts in a global, and calls the function that looks.
//
// For a loop without calls either would be much of its work: the call even if it does not happen, since an engine then keeps nothing
// in registers. So it counts in a local, and to look it goes back to the table of the function, from where it comes back to
// its beginning. It says so by a bit of PC_B.
//
// So the guest looks after turns times innerTurns turns at the latest, which is some tens of milliseconds.
const (
	turns      = 1 << 12
	innerTurns = 1 << 13 // a power of two

	lookBit = 1 << 16 // above what the compiler uses of PC_B
)

// meter says where a module has what loops need.
type meter struct {
	// counter and stop are the indices of globals, look that of the function which looks.
	counter, stop, look uint32
	// flush is the index of the import to call, if there is one.
	flush    uint32
	hasFlush bool
	// void is the index of the type of a function without parameters and results.
	void uint32
	// params are the numbers of parameters of the types, and types the types of the functions in the code section.
	params, types []uint32
}

// newMeter returns the meter of a module, or nil if the module has not all the sections that the linker writes.
func newMeter(sections []section) (*meter, error) {
	m := new(meter)
	has := map[byte]bool{}
	for _, s := range sections {
		has[s.id] = true
		r := &reader{b: s.content}
		n := r.u32()
		switch s.id {
		case sectionType:
			m.void = n
			for ; n > 0 && r.err == nil; n-- {
				if r.byte() != typeFunc {
					return nil, nil
				}
				params := r.u32()
				r.bytes(params)
				r.bytes(r.u32())
				m.params = append(m.params, params)
			}
		case sectionImport:
			for ; n > 0 && r.err == nil; n-- {
				module, name := string(r.bytes(r.u32())), string(r.bytes(r.u32()))
				switch r.byte() {
				case 0: // function
					r.u32()
					if module == abi.StreamsInterface && name == abi.FlushImport {
						m.flush, m.hasFlush = m.look, true
					}
					m.look++
				case 3: // global
					r.bytes(2)
					m.counter++
				default:
					return nil, nil // The linker imports nothing else.
				}
			}
		case sectionFunction:
			m.look += n
			for ; n > 0 && r.err == nil; n-- {
				m.types = append(m.types, r.u32())
			}
		case sectionGlobal:
			m.counter += n
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	m.stop = m.counter + 1
	for _, id := range []byte{sectionType, sectionFunction, sectionGlobal, sectionExport, sectionCode} {
		if !has[id] {
			return nil, nil
		}
	}
	return m, nil
}

// section returns a section with what the meter adds to it, or nil.
func (m *meter) section(s section) []byte {
	if m == nil {
		return nil
	}
	var entries []byte
	n := uint32(1)
	switch s.id {
	case sectionType:
		entries = []byte{typeFunc, 0, 0}
	case sectionFunction:
		entries = appendU32(nil, m.void)
	case sectionGlobal:
		n = 2
		entries = append(appendS32([]byte{typeI32, 1, opI32Const}, turns), opEnd)
		entries = append(entries, typeI32, 1, opI32Const, 0, opEnd)
	case sectionExport:
		entries = append(appendU32(nil, uint32(len(abi.StopGlobal))), abi.StopGlobal...)
		entries = appendU32(append(entries, 3), m.stop)
	default:
		return nil
	}
	r := &reader{b: s.content}
	out := appendU32(nil, r.u32()+n)
	out = append(out, s.content[r.at:]...)
	return append(out, entries...)
}

// count writes what each turn of a loop with calls does.
func (m *meter) count(b []byte) []byte {
	b = appendU32(append(b, opGlobalGet), m.counter)
	b = append(b, opI32Const, 1, opI32Sub, opGlobalSet)
	b = appendU32(b, m.counter)
	b = appendU32(append(b, opGlobalGet), m.counter)
	b = append(b, opI32Eqz, opIf, blockVoid)
	return append(m.call(b), opEnd)
}

// countInner writes what each turn of a loop without calls does, up to an if around the jump to the table.
func (m *meter) countInner(b []byte, local uint32) []byte {
	b = appendU32(append(b, opLocalGet), local)
	b = append(b, opI32Const, 1, opI32Sub, opLocalTee)
	b = appendU32(b, local)
	b = append(appendS32(append(b, opI32Const), innerTurns-1), opI32And)
	return append(b, opI32Eqz, opIf, blockVoid)
}

// called writes what happens at the table of a function, if PC_B is not zero: it looks if a loop said so.
func (m *meter) called(b []byte) []byte {
	b = append(b, opLocalGet, 0, opI32Const)
	b = append(appendS32(b, lookBit), opI32GeU, opIf, blockVoid)
	b = append(m.call(b), opLocalGet, 0, opI32Const)
	return append(appendS32(b, lookBit-1), opI32And, opLocalSet, 0, opEnd)
}

func (m *meter) call(b []byte) []byte { return appendU32(append(b, opCall), m.look) }

// paramsOf returns how many parameters the n-th function of the code section has.
func (m *meter) paramsOf(n int) (uint32, bool) {
	if n >= len(m.types) || int(m.types[n]) >= len(m.params) {
		return 0, false
	}
	return m.params[m.types[n]], true
}

// body is the function that looks.
func (m *meter) body() []byte {
	b := append([]byte{0}, opI32Const)
	b = appendS32(b, turns)
	b = appendU32(append(b, opGlobalSet), m.counter)
	if m.hasFlush {
		b = appendU32(append(b, opCall), m.flush)
	} else {
		b = append(b, opI32Const, 0, opMemoryGrow, 0, opDrop)
	}
	b = appendU32(append(b, opGlobalGet), m.stop)
	return append(b, opIf, blockVoid, opUnreachable, opEnd, opEnd)
}
