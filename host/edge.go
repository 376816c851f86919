package host

import (
	"context"
	"encoding/binary"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// edge answers the calls of one function to one method of another, in the same process.
type edge struct {
	*method
	// to is set when all functions have been made.
	to *exportMethod
}

// maxDepth is how deep calls may nest: far above any real application, and low enough for an endless recursion between
// functions to end while the host has memory.
const maxDepth = 64

// call is the import that the caller's bindings call: stack has the request's core values and the address of the result.
// Whatever goes wrong on the callee's side becomes a status in the caller's result; an error is the caller's own fault and
// ends it.
func (e *edge) call(caller *instance, stack []uint64) error {
	n := len(e.Func.Params())
	result := uint32(stack[n])

	mem := caller.Bytes()
	cc := callContext{depth: caller.depth + 1}
	if c := caller.block(mem); c != nil {
		if deadline := c.i64(controlOutDeadline); deadline != 0 {
			c.putI64(controlOutDeadline, 0)
			cc.deadline = deadline
		}
		if flags := c.u32(controlOutFlags); flags != 0 {
			c.putU32(controlOutFlags, 0)
			cc.wantHeaders = flags&outWantHeaders != 0
		}
		var bad bool
		if cc.meta, bad = c.takeMeta(controlOutMeta, mem); bad {
			return &link.BadValueError{Problem: "the metadata of a call is out of bounds or malformed"}
		}
	}
	st, err := e.run(caller, stack[:n], result, &cc)
	if err != nil {
		return err
	}
	if cc.wantHeaders && len(cc.replyMeta) > 0 {
		if err := caller.putReplyMeta(cc.replyMeta); err != nil {
			return err
		}
	}
	if st != nil {
		return e.putStatus(caller, result, st)
	}
	return nil
}

// callContext is what travels beside the messages of a local call.
type callContext struct {
	depth       int
	deadline    int64 // Unix ns, 0 for none
	meta        []byte
	wantHeaders bool
	replyMeta   []byte
}

// run carries the call out. A status is for the caller; an error is the caller's fault.
func (e *edge) run(caller *instance, args []uint64, result uint32, cc *callContext) (*status.Status, error) {
	fn := e.to.fn
	if cc.depth > maxDepth {
		return status.Newf(codes.ResourceExhausted, "calls between functions nest deeper than %d", maxDepth), nil
	}
	if cc.deadline != 0 && time.Now().UnixNano() >= cc.deadline {
		return status.New(codes.DeadlineExceeded, context.DeadlineExceeded.Error()), nil
	}
	callee, err := fn.pool.get(context.Background(), cc.depth)
	if err != nil {
		return callError(fn.name, err), nil
	}
	callee.meta = cc.meta
	limit := fn.host.opts.MaxMessage

	params := callee.stack[:len(args)]
	if e.Func.Indirect {
		var ptr uint32
		ptr, err = link.NewRecord(e.param, caller, uint32(args[0]), callee, limit)
		params[0] = uint64(ptr)
	} else {
		err = link.Flat(e.param, caller, args, callee, params, limit)
	}
	switch link.FaultOf(err) {
	case link.ValueFault:
		fn.release(callee)
		return callError(fn.name, err), nil
	case link.SourceFault:
		fn.release(callee)
		return nil, err
	case link.TargetFault:
		return fn.died(callee, err), nil
	}

	caller.calling.p.Store(callee)
	addr, err := callee.serve(e.to, cc)
	if fn.host.watch.returned(&caller.calling, callee) {
		err = errOverrun
	}
	if err != nil {
		return fn.died(callee, err), nil
	}
	err = link.Record(e.result, callee, addr, caller, result, limit)
	switch link.FaultOf(err) {
	case link.ValueFault:
		if st := fn.finish(callee, e.to, addr, cc); st != nil {
			return st, nil
		}
		return callError(fn.name, err), nil
	case link.SourceFault:
		return fn.died(callee, err), nil
	case link.TargetFault:
		fn.finish(callee, e.to, addr, cc)
		return nil, err
	}
	if mem := callee.Bytes(); mem[addr] != 0 && binary.LittleEndian.Uint32(mem[addr+e.payload:]) == uint32(codes.OK) {
		// The caller would take it for its own failure when it passes it on.
		return fn.died(callee, errFailedOK), nil
	}
	return fn.finish(callee, e.to, addr, cc), nil
}

// serve runs an export whose core values are on the stack and returns the address of its result. After an error the instance
// is broken.
func (i *instance) serve(m *exportMethod, cc *callContext) (uint32, error) {
	if c := i.block(i.Bytes()); c != nil {
		c.putI64(controlInDeadline, cc.deadline)
		var flags uint32
		if len(cc.meta) > 0 || i.front != nil {
			flags = inHasMetadata
		}
		c.putU32(controlInFlags, flags)
	}
	if err := i.exports[m.index].Call(i.stack); err != nil {
		return 0, err
	}
	return uint32(i.stack[0]), nil
}

// finish ends a call whose result has been read: it takes the headers, lets the guest free the result, and returns the
// instance to the pool. A status says that the guest failed at the last moment.
func (f *function) finish(inst *instance, m *exportMethod, result uint32, cc *callContext) *status.Status {
	mem := inst.Bytes()
	if c := inst.block(mem); c != nil {
		var bad bool
		if cc.replyMeta, bad = c.takeMeta(controlReplyMeta, mem); bad {
			return f.died(inst, &link.BadValueError{Problem: "the metadata of a reply is out of bounds or malformed"})
		}
	}
	if post := inst.posts[m.index]; post != nil {
		inst.stack[0] = uint64(result)
		if err := post.Call(inst.stack); err != nil {
			return f.died(inst, err)
		}
	}
	f.release(inst)
	return nil
}

// release returns a whole instance to the pool.
func (f *function) release(inst *instance) {
	inst.front, inst.meta = nil, nil
	f.pool.put(inst)
}

// died closes a broken instance and returns the status that its caller gets.
func (f *function) died(inst *instance, err error) *status.Status {
	f.host.log.Error("an instance died and is replaced", "function", f.name, "error", err)
	f.pool.discard(inst)
	return callError(f.name, err)
}

// putReplyMeta hands encoded headers to a caller that asked for them.
func (i *instance) putReplyMeta(meta []byte) error {
	ptr, err := link.Alloc(i, uint32(len(meta)), 1)
	if err != nil {
		return err
	}
	mem := i.Bytes()
	copy(mem[ptr:], meta)
	c := i.block(mem)
	c.putU32(controlReplyMeta, ptr)
	c.putU32(controlReplyMeta+4, uint32(len(meta)))
	return nil
}
