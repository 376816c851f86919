package driver

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/cofaas/cofaas/internal/abi"
)

// This is a second implementation of the canonical ABI, written from its specification and from [abi.Type] alone: what lowers and
// what lifts is held to it.

var errUTF8 = errors.New("string field contains invalid UTF-8")

// poison stands in memory wherever a reader has no business.
const poison = 0xA5

// allocate returns memory for n bytes, aligned to 8 and without meaning.
func allocate(n uint32) unsafe.Pointer {
	words := make([]uint64, (n+7)/8+1)
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
	for i := range b {
		b[i] = poison
	}
	return unsafe.Pointer(unsafe.SliceData(words))
}

func address(p unsafe.Pointer) uint32 { return uint32(uintptr(p)) }

func pointer(addr uint32) unsafe.Pointer {
	a := uintptr(addr)
	return *(*unsafe.Pointer)(unsafe.Pointer(&a))
}

func load[T any](p unsafe.Pointer, off uint32) T { return *(*T)(unsafe.Add(p, off)) }

func store[T any](p unsafe.Pointer, off uint32, v T) { *(*T)(unsafe.Add(p, off)) = v }

func discriminant(t *abi.Type, p unsafe.Pointer) (uint32, error) {
	var d uint32
	switch t.Discriminant {
	case 1:
		d = uint32(load[uint8](p, 0))
	case 2:
		d = uint32(load[uint16](p, 0))
	default:
		d = load[uint32](p, 0)
	}
	if int(d) >= len(t.Cases) {
		return 0, fmt.Errorf("discriminant %d of %d cases", d, len(t.Cases))
	}
	return d, nil
}

// relocate copies a value to dst, and all that it refers to, to new memory. What has no meaning in src is poison there.
func relocate(t *abi.Type, dst, src unsafe.Pointer) error {
	switch t.Kind {
	case abi.Bool:
		b := load[uint8](src, 0)
		if b > 1 {
			return fmt.Errorf("bool is %d", b)
		}
		store(dst, 0, b)
	case abi.String, abi.List:
		elem := t.Elem
		if t.Kind == abi.String {
			elem = abi.U8Type
		}
		return relocateList(t, elem, dst, src)
	case abi.Record:
		for _, f := range t.Fields {
			if err := relocate(f.Type, unsafe.Add(dst, f.Offset), unsafe.Add(src, f.Offset)); err != nil {
				return err
			}
		}
	case abi.Variant:
		d, err := discriminant(t, src)
		if err != nil {
			return err
		}
		copy(unsafe.Slice((*byte)(dst), t.Discriminant), unsafe.Slice((*byte)(src), t.Discriminant))
		if c := t.Cases[d]; c != nil {
			return relocate(c, unsafe.Add(dst, t.Payload), unsafe.Add(src, t.Payload))
		}
	default:
		copy(unsafe.Slice((*byte)(dst), t.Size), unsafe.Slice((*byte)(src), t.Size))
	}
	return nil
}

func relocateList(t, elem *abi.Type, dst, src unsafe.Pointer) error {
	addr, n := load[uint32](src, 0), load[uint32](src, 4)
	store(dst, 4, n)
	if n == 0 {
		store(dst, 0, uint32(math.MaxUint32)) // The address of nothing is any.
		return nil
	}
	if addr%elem.Align != 0 {
		return fmt.Errorf("a list of %d at %d, which is not aligned", n, addr)
	}
	from, to := pointer(addr), allocate(n*elem.Size)
	store(dst, 0, address(to))
	keep(to)
	if !elem.Pointers && elem.Kind != abi.Bool && elem.Kind != abi.Record && elem.Kind != abi.Variant {
		b := unsafe.Slice((*byte)(from), n*elem.Size)
		if t.Kind == abi.String && !utf8.Valid(b) {
			return errUTF8
		}
		copy(unsafe.Slice((*byte)(to), n*elem.Size), b)
		return nil
	}
	for i := range n {
		if err := relocate(elem, unsafe.Add(to, i*elem.Size), unsafe.Add(from, i*elem.Size)); err != nil {
			return err
		}
	}
	return nil
}

// kept roots what relocate made, until the message that it is for has been lifted.
var kept []unsafe.Pointer

func keep(p unsafe.Pointer) { kept = append(kept, p) }

// flatten returns a value's core values, as bits.
func flatten(t *abi.Type, p unsafe.Pointer) ([]uint64, error) {
	switch t.Kind {
	case abi.Bool, abi.U8:
		return []uint64{uint64(load[uint8](p, 0))}, nil
	case abi.U16:
		return []uint64{uint64(load[uint16](p, 0))}, nil
	case abi.U32, abi.S32, abi.F32:
		return []uint64{uint64(load[uint32](p, 0))}, nil
	case abi.U64, abi.S64, abi.F64:
		return []uint64{load[uint64](p, 0)}, nil
	case abi.String, abi.List:
		return []uint64{uint64(load[uint32](p, 0)), uint64(load[uint32](p, 4))}, nil
	case abi.Record:
		var out []uint64
		for _, f := range t.Fields {
			flat, err := flatten(f.Type, unsafe.Add(p, f.Offset))
			if err != nil {
				return nil, err
			}
			out = append(out, flat...)
		}
		return out, nil
	default: // Variant
		d, err := discriminant(t, p)
		if err != nil {
			return nil, err
		}
		out := []uint64{uint64(d)}
		if c := t.Cases[d]; c != nil {
			flat, err := flatten(c, unsafe.Add(p, t.Payload))
			if err != nil {
				return nil, err
			}
			out = append(out, flat...)
		}
		return append(out, make([]uint64, len(t.Flat)-len(out))...), nil
	}
}

// unflatten stores a value whose core values are given, as bits. What a case does not use has to be zero.
func unflatten(t *abi.Type, p unsafe.Pointer, flat []uint64) error {
	switch t.Kind {
	case abi.Bool, abi.U8:
		store(p, 0, uint8(flat[0]))
	case abi.U16:
		store(p, 0, uint16(flat[0]))
	case abi.U32, abi.S32, abi.F32:
		if flat[0] > math.MaxUint32 {
			return fmt.Errorf("%d in 32 bits", flat[0])
		}
		store(p, 0, uint32(flat[0]))
	case abi.U64, abi.S64, abi.F64:
		store(p, 0, flat[0])
	case abi.String, abi.List:
		store(p, 0, uint32(flat[0]))
		store(p, 4, uint32(flat[1]))
	case abi.Record:
		for _, f := range t.Fields {
			n := len(f.Type.Flat)
			if err := unflatten(f.Type, unsafe.Add(p, f.Offset), flat[:n]); err != nil {
				return err
			}
			flat = flat[n:]
		}
	case abi.Variant:
		d, rest := flat[0], flat[1:]
		switch t.Discriminant {
		case 1:
			store(p, 0, uint8(d))
		case 2:
			store(p, 0, uint16(d))
		default:
			store(p, 0, uint32(d))
		}
		if d >= uint64(len(t.Cases)) {
			return fmt.Errorf("discriminant %d of %d cases", d, len(t.Cases))
		}
		if c := t.Cases[d]; c != nil {
			if err := unflatten(c, unsafe.Add(p, t.Payload), rest[:len(c.Flat)]); err != nil {
				return err
			}
			rest = rest[len(c.Flat):]
		}
		for _, v := range rest {
			if v != 0 {
				return fmt.Errorf("case %d leaves %d in a core value that it does not use", d, v)
			}
		}
	}
	return nil
}
