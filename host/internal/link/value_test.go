package link

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/cofaas/cofaas/internal/abi"
)

// Values in tests are trees: a scalar is the uint64 of its bits, a string a string, a list and a record a []any, and a variant a
// choice. They are stored and loaded here by the rules of the canonical ABI, one type at a time, without plans.

type choice struct {
	index   int
	payload any // nil if the case has none
}

// store writes v at an address and what it refers to in memory of its own.
func store(m *guest, t *abi.Type, at uint32, v any) {
	switch t.Kind {
	case abi.String:
		s := v.(string)
		ptr := m.take(uint32(len(s)), 1)
		copy(m.mem[ptr:], s)
		m.put(at, ptr, uint32(len(s)))
	case abi.List:
		list := v.([]any)
		ptr := m.take(uint32(len(list))*t.Elem.Size, t.Elem.Align)
		for i, e := range list {
			store(m, t.Elem, ptr+uint32(i)*t.Elem.Size, e)
		}
		m.put(at, ptr, uint32(len(list)))
	case abi.Record:
		for i, f := range t.Fields {
			store(m, f.Type, at+f.Offset, v.([]any)[i])
		}
	case abi.Variant:
		c := v.(choice)
		storeBits(m.mem[at:], uint64(c.index), t.Discriminant)
		if c.payload != nil {
			store(m, t.Cases[c.index], at+t.Payload, c.payload)
		}
	default:
		storeBits(m.mem[at:], v.(uint64), t.Size)
	}
}

func storeBits(mem []byte, v uint64, size uint32) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	copy(mem, b[:size])
}

func loadBits(mem []byte, size uint32) uint64 {
	var b [8]byte
	copy(b[:], mem[:size])
	return binary.LittleEndian.Uint64(b[:])
}

// load is the counterpart of store.
func load(mem []byte, t *abi.Type, at uint32) any {
	switch t.Kind {
	case abi.String, abi.List:
		return loadList(mem, t, binary.LittleEndian.Uint32(mem[at:]), binary.LittleEndian.Uint32(mem[at+4:]))
	case abi.Record:
		out := []any{}
		for _, f := range t.Fields {
			out = append(out, load(mem, f.Type, at+f.Offset))
		}
		return out
	case abi.Variant:
		c := choice{index: int(loadBits(mem[at:], t.Discriminant))}
		if p := t.Cases[c.index]; p != nil {
			c.payload = load(mem, p, at+t.Payload)
		}
		return c
	default:
		return loadBits(mem[at:], t.Size)
	}
}

func loadList(mem []byte, t *abi.Type, ptr, n uint32) any {
	if t.Kind == abi.String {
		return string(mem[ptr:][:n])
	}
	if ptr%t.Elem.Align != 0 || ptr == 0 {
		return fmt.Sprintf("list of %s at 0x%x", t.Elem.Kind, ptr)
	}
	out := []any{}
	for i := range n {
		out = append(out, load(mem, t.Elem, ptr+i*t.Elem.Size))
	}
	return out
}

// lower appends the core values of v; what it refers to goes to memory. The joins of variants need no conversion here, because
// a scalar is already its bits.
func lower(m *guest, flat []uint64, t *abi.Type, v any) []uint64 {
	switch t.Kind {
	case abi.String, abi.List:
		at := m.take(8, 4)
		store(m, t, at, v)
		return append(flat, uint64(m.u32(at)), uint64(m.u32(at+4)))
	case abi.Record:
		for i, f := range t.Fields {
			flat = lower(m, flat, f.Type, v.([]any)[i])
		}
		return flat
	case abi.Variant:
		c, end := v.(choice), len(flat)+len(t.Flat)
		flat = append(flat, uint64(c.index))
		if c.payload != nil {
			flat = lower(m, flat, t.Cases[c.index], c.payload)
		}
		return append(flat, make([]uint64, end-len(flat))...)
	default:
		return append(flat, v.(uint64))
	}
}

// lift is the counterpart of lower.
func lift(mem []byte, t *abi.Type, flat []uint64) any {
	switch t.Kind {
	case abi.String, abi.List:
		return loadList(mem, t, uint32(flat[0]), uint32(flat[1]))
	case abi.Record:
		out := []any{}
		for _, f := range t.Fields {
			out = append(out, lift(mem, f.Type, flat))
			flat = flat[len(f.Type.Flat):]
		}
		return out
	case abi.Variant:
		c := choice{index: int(uint32(flat[0]))}
		if p := t.Cases[c.index]; p != nil {
			c.payload = lift(mem, p, flat[1:])
		}
		return c
	default:
		return flat[0] & (1<<(8*t.Size) - 1) // what is above is no part of the value
	}
}

var scalarTypes = []*abi.Type{
	abi.BoolType, abi.U8Type, abi.U32Type, abi.S32Type, abi.U64Type, abi.S64Type, abi.F32Type, abi.F64Type,
}

// randomType makes a type of any kind, records and variants of different cases among them.
func randomType(r *rand.Rand, depth int) *abi.Type {
	kind := r.IntN(6)
	if depth == 0 {
		kind = r.IntN(2)
	}
	switch kind {
	case 0:
		return scalarTypes[r.IntN(len(scalarTypes))]
	case 1:
		return []*abi.Type{abi.StringType, abi.BytesType}[r.IntN(2)]
	case 2, 3:
		return abi.ListOf(randomType(r, depth-1))
	case 4:
		var fields []abi.Field
		for range 1 + r.IntN(4) {
			fields = append(fields, abi.Field{Type: randomType(r, depth-1)})
		}
		return abi.RecordOf(fields...)
	default:
		var cases []*abi.Type
		for range 1 + r.IntN(3) {
			var c *abi.Type
			if r.IntN(4) > 0 {
				c = randomType(r, depth-1)
			}
			cases = append(cases, c)
		}
		if r.IntN(8) == 0 { // a discriminant of two bytes
			cases = append(make([]*abi.Type, 254+r.IntN(4)), cases...)
		}
		return abi.VariantOf(cases...)
	}
}

func randomValue(r *rand.Rand, t *abi.Type) any {
	switch t.Kind {
	case abi.Bool:
		return uint64(r.IntN(2))
	case abi.String:
		return []string{"", "a", "text", "\U0001f600日本"}[r.IntN(4)]
	case abi.List:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, randomValue(r, t.Elem))
		}
		return list
	case abi.Record:
		out := []any{}
		for _, f := range t.Fields {
			out = append(out, randomValue(r, f.Type))
		}
		return out
	case abi.Variant:
		c := choice{index: r.IntN(len(t.Cases))}
		if r.IntN(2) == 0 { // the last ones, if there are many
			c.index = len(t.Cases) - 1 - r.IntN(min(len(t.Cases), 4))
		}
		if p := t.Cases[c.index]; p != nil {
			c.payload = randomValue(r, p)
		}
		return c
	default:
		return r.Uint64() >> (64 - 8*t.Size)
	}
}

// lists counts the lists and strings of a value that are not empty: the allocations of a copy.
func lists(t *abi.Type, v any) int {
	switch t.Kind {
	case abi.String:
		return min(1, len(v.(string)))
	case abi.List:
		n := min(1, len(v.([]any)))
		for _, e := range v.([]any) {
			n += lists(t.Elem, e)
		}
		return n
	case abi.Record:
		n := 0
		for i, f := range t.Fields {
			n += lists(f.Type, v.([]any)[i])
		}
		return n
	case abi.Variant:
		if c := v.(choice); c.payload != nil {
			return lists(t.Cases[c.index], c.payload)
		}
	}
	return 0
}
