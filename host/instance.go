package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/host/engine"
)

// instance is one isolate of a function. It is used by one goroutine at a time: whoever took it from the pool.
type instance struct {
	fn  *function
	iso engine.Instance
	// exports are the methods that the function exports, by the index of exportMethod.
	exports, posts []engine.Func
	realloc        engine.Func
	// reallocating is how many calls of realloc are in progress, each from an import that the one before has called.
	reallocating int
	// control is the address of the control block; 0 means that there is none.
	control uint32
	// stack passes core values to exports and back.
	stack, reallocStack []uint64

	// The call that is being served.

	// calling is the instance that this one waits for.
	calling edgeEnd
	// stopped says that the instance was told to stop. It is guarded by the mutex of the host's watch until the instance has
	// returned.
	stopped bool
	// depth is the number of calls between the front and this one.
	depth int
	// front is the context of a call from outside, whose metadata is fetched on demand; meta is the metadata of a call
	// from another function.
	front context.Context
	meta  []byte
}

// newInstance makes an instance and runs its main up to Serve.
func newInstance(ctx context.Context, fn *function, depth int) (_ *instance, err error) {
	module, err := fn.module()
	if err != nil {
		return nil, err
	}
	inst := &instance{fn: fn, depth: depth, stack: make([]uint64, maxCore), reallocStack: make([]uint64, 4)}
	inst.iso, err = module.Instantiate(ctx, fn.config(inst))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			inst.iso.Close()
			err = fmt.Errorf("function %s: %w", fn.name, err)
		}
	}()
	inst.realloc = inst.findRealloc()
	for _, m := range fn.exports {
		f := inst.iso.Func(m.export)
		if f == nil {
			return nil, fmt.Errorf("the guest does not export %q", m.export)
		}
		inst.exports = append(inst.exports, f)
		inst.posts = append(inst.posts, inst.iso.Func(m.post))
	}
	if f := inst.iso.Func(initialiseExport); f != nil {
		if err := f.Call(inst.stack); err != nil {
			return nil, fmt.Errorf("initialisation: %w", err)
		}
	}
	if f := inst.iso.Func(controlExport); f != nil {
		if err := f.Call(inst.stack); err != nil {
			return nil, fmt.Errorf("control block: %w", err)
		}
		inst.control = uint32(inst.stack[0])
		if uint64(inst.control)+controlSize > uint64(len(inst.Bytes())) {
			return nil, errors.New("the control block is out of bounds")
		}
	}
	if f := inst.iso.Func(initComponentExport); f != nil {
		clear(inst.stack)
		if err := f.Call(inst.stack); err != nil {
			return nil, fmt.Errorf("main: %w", err)
		}
		if uint32(inst.stack[0]) != 0 {
			return nil, errors.New("main returned before it served: it has to reach (*grpc.Server).Serve")
		}
	}
	return inst, nil
}

// Bytes implements link.Memory.
func (i *instance) Bytes() []byte { return i.iso.Memory() }

// OneBlock implements link.Memory.
func (i *instance) OneBlock() bool { return i.control != 0 }

// block returns the control block in the memory, which must be the instance's memory as it is now, or nil.
func (i *instance) block(mem []byte) controlBlock {
	if i.control == 0 {
		return nil
	}
	return controlBlock(mem[i.control : i.control+controlSize])
}

// Alloc implements link.Memory: from the inbound arena without a call, else from the guest's cabi_realloc.
func (i *instance) Alloc(size, align uint32) (uint32, error) {
	if c := i.block(i.Bytes()); c != nil {
		next, end := c.u32(controlArenaNext), c.u32(controlArenaEnd)
		if next <= end && uint64(size)+8 <= uint64(end-next) && next&7 == 0 {
			c.putU32(controlArenaNext, next+(size+7)&^7)
			return next, nil
		}
	}
	if i.realloc == nil {
		return 0, errors.New("the guest has no cabi_realloc")
	}
	realloc, s := i.realloc, i.reallocStack
	if i.reallocating > 0 {
		if i.reallocating == maxReallocating {
			return 0, errors.New("cabi_realloc calls imports that call it again")
		}
		// The outer call is still on the function's stack, so this one takes a function of its own.
		realloc, s = i.findRealloc(), make([]uint64, len(s))
	}
	i.reallocating++
	s[0], s[1], s[2], s[3] = 0, 0, uint64(align), uint64(size)
	err := realloc.Call(s)
	i.reallocating--
	if err != nil {
		return 0, fmt.Errorf("cabi_realloc: %w", err)
	}
	return uint32(s[0]), nil
}

// maxReallocating is how deep cabi_realloc may nest. The canonical ABI has it call nothing, but a Go guest may run another
// goroutine while it allocates.
const maxReallocating = 4

func (i *instance) findRealloc() engine.Func {
	if f := i.iso.Func("cabi_realloc"); f != nil {
		return f
	}
	return i.iso.Func("cabi_export_realloc")
}

// metadata returns the encoded metadata of the call being served.
func (i *instance) metadata() []byte {
	if i.front != nil {
		if md, ok := metadata.FromIncomingContext(i.front); ok {
			return encodeMeta(md)
		}
		return nil
	}
	return i.meta
}

// read returns the n bytes at an address, or an error that is the guest's fault.
func (i *instance) read(ptr, n uint64) ([]byte, error) {
	mem := i.Bytes()
	if uint64(uint32(ptr))+uint64(uint32(n)) > uint64(len(mem)) {
		return nil, fmt.Errorf("address 0x%x with %d bytes is out of bounds", uint32(ptr), uint32(n))
	}
	return mem[uint32(ptr):][:uint32(n)], nil
}

// writeList stores an address and a count at an address of the guest.
func (i *instance) writeList(at, ptr, n uint32) error {
	mem, err := i.read(uint64(at), 8)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(mem, ptr)
	binary.LittleEndian.PutUint32(mem[4:], n)
	return nil
}
