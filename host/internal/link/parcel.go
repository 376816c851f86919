package link

import (
	"encoding/binary"
	"slices"

	"github.com/cofaas/cofaas/internal/abi"
)

// Parcel has values of one type on their way between guests. They were checked when they were added, and are in one block, with
// addresses that are relative to it: all of them are placed in a guest by one copy, after which only the addresses have to be
// moved. The zero Parcel is empty and ready.
type Parcel struct {
	buf Buffer
	// at are the addresses of the values, and refs those of the addresses in them that have to be moved.
	at, refs []uint32
}

// Add copies the value at an address of a memory. After an error there is nothing of it in the parcel.
//
// It takes one pass where a copy into a guest takes two, because a parcel grows and has not to be asked for memory first.
func (p *Parcel) Add(plan *abi.Plan, mem []byte, src uint32, limit uint64) error {
	if err := checkRange(mem, src, uint64(plan.Size), plan.Align); err != nil {
		return err
	}
	size, refs := len(p.buf.mem), len(p.refs)
	at := p.take(align(plan.Size, 8), 8) // so that lists are as aligned as in a block of their own
	copy(p.buf.mem[at:], mem[src:][:plan.Size])
	w := wrapper{p, mem, uint32(len(p.buf.mem)), min(limit, maxBlock)}
	if err := w.record(plan.Nodes, src, at); err != nil {
		p.buf.mem, p.refs = p.buf.mem[:size], p.refs[:refs]
		return err
	}
	p.at = append(p.at, at)
	return nil
}

// take returns the address of size more bytes.
func (p *Parcel) take(size, alignment uint32) uint32 {
	at, _ := p.buf.Alloc(size, alignment) // which never fails
	return at
}

func align(at, to uint32) uint32 { return (at + to - 1) &^ (to - 1) }

// wrapper adds what a value refers to.
type wrapper struct {
	*Parcel
	src []byte
	// begin is where the value's lists begin, which may take limit bytes.
	begin uint32
	limit uint64
}

// record checks the record at an address of the source, and adds what it refers to, to which the copy at another address is to lead.
func (w *wrapper) record(nodes []abi.Node, src, dst uint32) error {
	for i := range nodes {
		n := &nodes[i]
		at := src + n.Offset
		var err error
		switch n.Op {
		case abi.CheckBool:
			err = checkBool(uint32(w.src[at]))
		case abi.Switch:
			d := loadCase(n, w.src[at:])
			if err = checkCase(n, d); err == nil {
				err = w.record(n.Cases[d], src, dst)
			}
		default:
			err = w.list(n, at, dst+n.Offset)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// list is record for a list.
func (w *wrapper) list(n *abi.Node, src, dst uint32) error {
	ptr, count := binary.LittleEndian.Uint32(w.src[src:]), binary.LittleEndian.Uint32(w.src[src+4:])
	if count == 0 {
		binary.LittleEndian.PutUint32(w.buf.mem[dst:], n.Elem.Align)
		return nil
	}
	size := uint64(count) * uint64(n.Elem.Size)
	if err := checkRange(w.src, ptr, size, n.Elem.Align); err != nil {
		return err
	}
	if uint64(align(uint32(len(w.buf.mem)), n.Elem.Align)-w.begin)+size > w.limit {
		return &LimitError{w.limit}
	}
	if err := checkElements(n, w.src[ptr:][:size]); err != nil {
		return err
	}
	at := w.take(uint32(size), n.Elem.Align)
	copy(w.buf.mem[at:], w.src[ptr:][:size])
	binary.LittleEndian.PutUint32(w.buf.mem[dst:], at)
	w.refs = append(w.refs, dst)
	if n.Op == abi.CopyEach {
		for i := range count {
			if err := w.record(n.Elem.Nodes, ptr+i*n.Elem.Size, at+i*n.Elem.Size); err != nil {
				return err
			}
		}
	}
	return nil
}

// Len is the number of values, and Size how many bytes they take.
func (p *Parcel) Len() int  { return len(p.at) }
func (p *Parcel) Size() int { return len(p.buf.mem) }

// Deliver places all values in a guest, and stores their addresses in out, which has room for them.
func (p *Parcel) Deliver(plan *abi.Plan, to Memory, out []uint32) error {
	if len(p.at) == 0 {
		return nil
	}
	if !to.OneBlock() {
		for i := range p.at {
			var err error
			if out[i], err = p.DeliverOne(plan, i, to); err != nil {
				return err
			}
		}
		return nil
	}
	block := p.buf.mem[base:]
	ptr, err := Alloc(to, uint32(len(block)), 8)
	if err != nil {
		return err
	}
	dst := to.Bytes()[ptr:][:len(block)]
	copy(dst, block)
	move := ptr - base
	for _, ref := range p.refs {
		b := dst[ref-base:][:4]
		binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)+move)
	}
	for i, at := range p.at {
		out[i] = at + move
	}
	return nil
}

// DeliverOne places the i-th value in a guest and returns its address.
func (p *Parcel) DeliverOne(plan *abi.Plan, i int, to Memory) (uint32, error) {
	return NewRecord(plan, &p.buf, p.at[i], to, maxBlock)
}

// Clone returns a parcel with the same values.
func (p *Parcel) Clone() Parcel {
	return Parcel{Buffer{slices.Clone(p.buf.mem)}, slices.Clone(p.at), slices.Clone(p.refs)}
}

// Reset empties the parcel, keeping its memory.
func (p *Parcel) Reset() {
	p.buf.Reset()
	p.at, p.refs = p.at[:0], p.refs[:0]
}
