package link

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/cofaas/cofaas/internal/abi"
)

// measurer is the first pass: it checks a value and adds up the memory that its lists and strings take in the target.
type measurer struct {
	mem   []byte
	total uint64
	limit uint64
}

// add takes size bytes at an alignment. Blocks start at multiples of 8, so alignment within them is relative to zero.
func (m *measurer) add(size uint64, align uint32) error {
	m.total = (m.total+uint64(align)-1)&^uint64(align-1) + size
	if m.total > m.limit {
		return &LimitError{m.limit}
	}
	return nil
}

// record checks the record at an address, which must be in bounds.
func (m *measurer) record(nodes []abi.Node, at uint32) error {
	for i := range nodes {
		n := &nodes[i]
		p := at + n.Offset
		var err error
		switch n.Op {
		case abi.CheckBool:
			err = checkBool(uint32(m.mem[p]))
		case abi.Switch:
			d := loadCase(n, m.mem[p:])
			if err = checkCase(n, d); err == nil {
				err = m.record(n.Cases[d], at)
			}
		default:
			err = m.list(n, binary.LittleEndian.Uint32(m.mem[p:]), binary.LittleEndian.Uint32(m.mem[p+4:]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flat checks a value in core parameters.
func (m *measurer) flat(nodes []abi.Node, flat []uint64) error {
	for i := range nodes {
		n := &nodes[i]
		v := uint32(flat[n.Flat])
		var err error
		switch n.Op {
		case abi.CheckBool:
			err = checkBool(v)
		case abi.Switch:
			if err = checkCase(n, v); err == nil {
				err = m.flat(n.Cases[v], flat)
			}
		default:
			err = m.list(n, v, uint32(flat[n.Flat+1]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *measurer) list(n *abi.Node, ptr, count uint32) error {
	if count == 0 {
		return nil
	}
	size := uint64(count) * uint64(n.Elem.Size)
	if err := checkRange(m.mem, ptr, size, n.Elem.Align); err != nil {
		return err
	}
	if err := m.add(size, n.Elem.Align); err != nil {
		return err
	}
	if n.Op == abi.CopyEach {
		for i := range count {
			if err := m.record(n.Elem.Nodes, ptr+i*n.Elem.Size); err != nil {
				return err
			}
		}
		return nil
	}
	return checkElements(n, m.mem[ptr:][:size])
}

// checkElements checks the elements of a list that hold no addresses.
func checkElements(n *abi.Node, elements []byte) error {
	switch n.Op {
	case abi.CopyString:
		if !utf8.Valid(elements) {
			return ErrUTF8
		}
	case abi.CopyBools:
		for _, b := range elements {
			if b > 1 {
				return checkBool(uint32(b))
			}
		}
	}
	return nil
}

// checkRange reports whether size bytes at ptr are in bounds and aligned, as the canonical ABI demands.
func checkRange(mem []byte, ptr uint32, size uint64, align uint32) error {
	if uint64(ptr)+size > uint64(len(mem)) {
		return badValue("address 0x%x with %d bytes is out of bounds: the memory has %d", ptr, size, len(mem))
	}
	if ptr&(align-1) != 0 {
		return badValue("address 0x%x is not a multiple of %d", ptr, align)
	}
	return nil
}

// loadCase reads the discriminant of a variant.
func loadCase(n *abi.Node, mem []byte) uint32 {
	switch n.Width {
	case 1:
		return uint32(mem[0])
	case 2:
		return uint32(binary.LittleEndian.Uint16(mem))
	default:
		return binary.LittleEndian.Uint32(mem)
	}
}

func checkBool(v uint32) error {
	if v > 1 {
		return badValue("bool is %d", v)
	}
	return nil
}

func checkCase(n *abi.Node, d uint32) error {
	if d >= uint32(len(n.Cases)) {
		return badValue("discriminant is %d of %d cases", d, len(n.Cases))
	}
	return nil
}
