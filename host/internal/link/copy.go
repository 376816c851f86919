package link

import (
	"encoding/binary"
	"fmt"

	"github.com/cofaas/cofaas/internal/abi"
)

// Memory is one side of a copy: a guest's linear memory.
type Memory interface {
	// Bytes is the memory as it is now. It is invalid once the guest has run, because the memory may have moved.
	Bytes() []byte
	// Alloc returns the address of size free bytes at an alignment. It may run the guest. The address is checked by the
	// caller, so it need not be trustworthy.
	Alloc(size, align uint32) (uint32, error)
	// OneBlock says that one allocation may serve a whole value. A guest that frees lists one by one says no, and then
	// gets one allocation per list.
	OneBlock() bool
}

// maxBlock keeps sums of addresses in 32 bits.
const maxBlock = 1 << 31

// Flat copies a value that travels in core parameters: src are those of the caller, and dst, of the same length, are
// set for the callee. limit is in bytes.
func Flat(plan *abi.Plan, from Memory, src []uint64, to Memory, dst []uint64, limit uint64) error {
	m := measurer{mem: from.Bytes(), limit: min(limit, maxBlock)}
	if err := m.flat(plan.Nodes, src); err != nil {
		return err
	}
	copy(dst, src)
	c := copier{src: m.mem, to: to}
	if err := c.begin(uint32(m.total)); err != nil {
		return err
	}
	return c.flat(plan.Nodes, src, dst)
}

// Record copies a value from an address in one memory to an address in another, where the caller has room for it. Both
// addresses are checked.
func Record(plan *abi.Plan, from Memory, src uint32, to Memory, dst uint32, limit uint64) error {
	m := measurer{mem: from.Bytes(), limit: min(limit, maxBlock)}
	if err := checkRange(m.mem, src, uint64(plan.Size), plan.Align); err != nil {
		return err
	}
	if err := m.record(plan.Nodes, src); err != nil {
		return err
	}
	c := copier{src: m.mem, to: to}
	if err := c.begin(uint32(m.total)); err != nil {
		return err
	}
	if err := checkRange(c.dst, dst, uint64(plan.Size), plan.Align); err != nil {
		return &TargetError{fmt.Errorf("result: %w", err)}
	}
	return c.record(plan.Nodes, src, dst, plan.Size)
}

// NewRecord copies a value from an address in one memory to a new place in another and returns it.
func NewRecord(plan *abi.Plan, from Memory, src uint32, to Memory, limit uint64) (uint32, error) {
	dst, err := Alloc(to, plan.Size, plan.Align)
	if err != nil {
		return 0, err
	}
	return dst, Record(plan, from, src, to, dst, limit)
}

// copier is the second pass. The source has been measured, so it is in bounds; the target's addresses are checked where
// they come from.
type copier struct {
	src, dst []byte
	to       Memory
	next     uint32 // the next free address of the block
	perList  bool
}

// begin takes the block for total bytes.
func (c *copier) begin(total uint32) error {
	c.perList = !c.to.OneBlock()
	if total > 0 && !c.perList {
		var err error
		if c.next, err = Alloc(c.to, total, 8); err != nil {
			return err
		}
	}
	c.dst = c.to.Bytes()
	return nil
}

// Alloc takes memory and checks what the guest answered.
func Alloc(to Memory, size, align uint32) (uint32, error) {
	ptr, err := to.Alloc(size, align)
	if err != nil {
		return 0, &TargetError{err}
	}
	if err := checkRange(to.Bytes(), ptr, uint64(size), align); err != nil {
		return 0, &TargetError{fmt.Errorf("cabi_realloc: %w", err)}
	}
	return ptr, nil
}

// take returns the address for a list's elements.
func (c *copier) take(size, align uint32) (uint32, error) {
	if c.perList {
		ptr, err := Alloc(c.to, size, align)
		c.dst = c.to.Bytes()
		return ptr, err
	}
	ptr := (c.next + align - 1) &^ (align - 1)
	c.next = ptr + size
	return ptr, nil
}

func (c *copier) record(nodes []abi.Node, src, dst, size uint32) error {
	copy(c.dst[dst:][:size], c.src[src:][:size])
	return c.patch(nodes, src, dst)
}

// patch copies what a record refers to, and sets the addresses in the copy of the record.
func (c *copier) patch(nodes []abi.Node, src, dst uint32) error {
	for i := range nodes {
		n := &nodes[i]
		p := src + n.Offset
		switch n.Op {
		case abi.CheckBool:
		case abi.Switch:
			if err := c.patch(n.Cases[loadCase(n, c.src[p:])], src, dst); err != nil {
				return err
			}
		default:
			count := binary.LittleEndian.Uint32(c.src[p+4:])
			ptr, err := c.list(n, binary.LittleEndian.Uint32(c.src[p:]), count)
			if err != nil {
				return err
			}
			binary.LittleEndian.PutUint32(c.dst[dst+n.Offset:], ptr)
		}
	}
	return nil
}

func (c *copier) flat(nodes []abi.Node, src, dst []uint64) error {
	for i := range nodes {
		n := &nodes[i]
		switch n.Op {
		case abi.CheckBool:
		case abi.Switch:
			if err := c.flat(n.Cases[uint32(src[n.Flat])], src, dst); err != nil {
				return err
			}
		default:
			count := uint32(src[n.Flat+1])
			ptr, err := c.list(n, uint32(src[n.Flat]), count)
			if err != nil {
				return err
			}
			// Both may stand in 64 bits, where a variant joins them with a wider case.
			dst[n.Flat], dst[n.Flat+1] = uint64(ptr), uint64(count)
		}
	}
	return nil
}

// list copies the elements and returns where they are now. An empty list gets an address that is aligned and not null, as
// bindings in Rust expect, and that tells nothing of the source.
func (c *copier) list(n *abi.Node, src, count uint32) (uint32, error) {
	if count == 0 {
		return n.Elem.Align, nil
	}
	size := count * n.Elem.Size
	dst, err := c.take(size, n.Elem.Align)
	if err != nil {
		return 0, err
	}
	copy(c.dst[dst:][:size], c.src[src:][:size])
	if n.Op == abi.CopyEach {
		for i := range count {
			at := i * n.Elem.Size
			if err := c.patch(n.Elem.Nodes, src+at, dst+at); err != nil {
				return 0, err
			}
		}
	}
	return dst, nil
}
