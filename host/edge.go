package host

import (
	"bytes"
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
)

// edge answers the calls of one function to one method.
type edge struct {
	*method
	calls *outgoing
	// to is who answers calls without a route. It is nil if that depends on what was dialled, and candidates are the edges to those who
	// may answer.
	to         *exportMethod
	candidates []*edge
	pace
	profile *edgeProfile
}

// call is the import that the caller's bindings call: stack has the request's core values and the address of the result.
// Whatever goes wrong on the callee's side becomes a status in the caller's result; an error is the caller's own fault and
// ends it.
func (e *edge) call(caller *instance, stack []uint64) error {
	n := len(e.Func.Params())
	result := uint32(stack[n])

	cc := callContext{depth: caller.depth + 1}
	if e.to != nil {
		cc.meta = caller.metaBuffer[:0]
	}
	if err := caller.takeContext(&cc); err != nil {
		return err
	}
	var st *status.Status
	var err error
	if n := cap(cc.meta); n > 0 && n <= keptMeta && e.to != nil {
		caller.metaBuffer = cc.meta
	}
	switch {
	case e.to == nil:
		st, err = e.runUndialled(caller, stack[:n], result, &cc)
	case e.to.fn.native != nil:
		st, err = e.runFlat(caller, e.to.fn.native, stack[:n], result, &cc)
	default:
		st, err = e.run(caller, caller, stack[:n], result, &cc)
	}
	if err != nil {
		return err
	}
	return e.returned(caller, result, st, &cc)
}

// returned gives the caller what a call has besides its reply.
func (e *edge) returned(caller *instance, result uint32, st *status.Status, cc *callContext) error {
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

// takeContext takes what the guest says of a call beside its request. Metadata is appended to what cc has.
func (i *instance) takeContext(cc *callContext) error {
	if err := i.sendGathered(); err != nil {
		return err
	}
	mem := i.Bytes()
	c := i.block(mem)
	if c == nil {
		return nil
	}
	if deadline := c.i64(controlOutDeadline); deadline != 0 {
		c.putI64(controlOutDeadline, 0)
		cc.deadline = deadline
	}
	if flags := c.u32(controlOutFlags); flags != 0 {
		c.putU32(controlOutFlags, 0)
		cc.wantHeaders, cc.waitsForReady = flags&outWantHeaders != 0, flags&outWaitsForReady != 0
	}
	var bad bool
	if cc.meta, bad = c.takeMeta(controlOutMeta, mem, cc.meta); bad {
		return &link.BadValueError{Problem: "the metadata of a call is out of bounds or malformed"}
	}
	return nil
}

// keptMeta is the size of the largest buffer for metadata that an instance keeps for its next call.
const keptMeta = 16 << 10

// callContext is what travels beside the messages of a local call.
type callContext struct {
	depth       int
	deadline    int64 // Unix ns, 0 for none
	wantHeaders bool
	// meta may be in a buffer of the caller's instance, and is valid as long as that does not run. See own.
	meta []byte
	// waitsForReady says that the call waits for a server, if the callee has stopped that of the method.
	waitsForReady bool
	// outside is the context of a call over the network, whose metadata is encoded if somebody asks for it; meta has none then.
	outside context.Context
	// options are what the caller has said of a call that may leave the host; see callOptions.
	options   []byte
	replyMeta []byte
	// profiled says that the call is in the profile of its edge.
	profiled bool
}

// own returns what is left when the caller goes on.
func (cc *callContext) own() callContext {
	own := *cc
	own.meta, own.options = bytes.Clone(own.meta), bytes.Clone(own.options)
	return own
}

// run carries out a call whose arguments are in a memory: the caller's, or a copy. A status is for the caller; an error is the caller's
// fault.
func (e *edge) run(caller *instance, from link.Memory, args []uint64, result uint32, cc *callContext) (*status.Status, error) {
	fn := e.to.fn
	if e.profile != nil && !cc.profiled {
		return fn.host.profile.run(e, caller, from, args, result, cc)
	}
	if st := cc.tooDeep(); st != nil {
		return st, nil
	}
	if cc.deadline != 0 && time.Now().UnixNano() >= cc.deadline {
		return status.New(codes.DeadlineExceeded, context.DeadlineExceeded.Error()), nil
	}
	bound := caller.bound || caller.resume == nil
	callee, err := fn.pool.now(context.Background(), cc.depth, bound)
	if err != nil {
		return callError(fn.name, err), nil
	}
	if callee == nil {
		return e.queue(caller, from, args, cc)
	}
	// What the callee is not told is that the call from outside has ended, for which this thread runs: it may not be that call which
	// has made this one. The caller says so, if it is.
	callee.meta, callee.root, callee.bound = cc.meta, nil, bound
	limit := fn.host.opts.MaxMessage

	switch err := e.copyRequest(from, args, callee, callee.stack, limit); link.FaultOf(err) {
	case link.ValueFault:
		fn.release(callee)
		return callError(fn.name, err), nil
	case link.SourceFault:
		fn.release(callee)
		return nil, err
	case link.TargetFault:
		return fn.died(callee, err), nil
	}

	if caller.resume != nil && e.isLong.Load() {
		e.dispatch(caller, callee, cc)
		return nil, nil
	}
	var begin time.Time
	if e.shouldTime(caller) {
		begin = time.Now()
	}
	caller.calling.p.Store(callee)
	addr, left, err := callee.serve(e.to, cc)
	if !begin.IsZero() {
		e.add(time.Since(begin))
	}
	if fn.host.watch.returned(&caller.calling, callee) {
		err = errOverrun
	}
	if err != nil {
		return fn.died(callee, err), nil
	}
	if left != 0 {
		return nil, e.goOn(caller, callee, left, result, cc)
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
	if isFailedOK(callee.Bytes(), addr, e.payload) {
		return fn.died(callee, errFailedOK), nil
	}
	return fn.finish(callee, e.to, addr, cc), nil
}

// copyRequest copies a request between memories, and its core values from src to dst.
func (m *method) copyRequest(from link.Memory, src []uint64, to link.Memory, dst []uint64, limit uint64) error {
	if !m.Func.Indirect {
		return link.Flat(m.param, from, src, to, dst[:len(src)], limit)
	}
	ptr, err := link.NewRecord(m.param, from, uint32(src[0]), to, limit)
	dst[0] = uint64(ptr)
	return err
}

// goOn lets a call go on whose callee waits.
func (e *edge) goOn(caller, callee *instance, left, result uint32, cc *callContext) error {
	c := callee.goesOn(e.to, left)
	c.wantHeaders = cc.wantHeaders
	if caller.resume == nil {
		c.done = make(chan struct{})
		e.to.fn.release(callee)
		<-c.done
		return c.giveTo(caller, result)
	}
	caller.goesOnWith(c)
	e.to.fn.release(callee)
	return nil
}

// serve runs an export whose core values are on the stack and returns the address of its result, or the number of the call if the
// export was left because the call has to wait. After an error the instance is broken.
func (i *instance) serve(m *exportMethod, cc *callContext) (addr, left uint32, err error) {
	if c := i.block(i.Bytes()); c != nil {
		c.putI64(controlInDeadline, cc.deadline)
		var flags uint32
		if len(cc.meta) > 0 || i.front != nil {
			flags = inHasMetadata
		}
		if cc.waitsForReady {
			flags |= inWaitsForReady
		}
		c.putU32(controlInFlags, flags)
	}
	i.unsettled = i.resume != nil
	if i.moves || !i.polled.IsZero() {
		i.polled, i.moves = time.Time{}, false
	}
	if err := i.exports[m.index].Call(i.stack); err != nil {
		return 0, 0, err
	}
	if err := i.sendGathered(); err != nil {
		return 0, 0, err
	}
	if c := i.block(i.Bytes()); c != nil {
		if left = c.u32(controlLeft); left != 0 {
			c.putU32(controlLeft, 0)
			i.unsettled = false
			if i.resume == nil {
				return 0, 0, &link.BadValueError{Problem: "a call waits in a guest that cannot be resumed"}
			}
			if i.served[left] != nil {
				return 0, 0, &link.BadValueError{Problem: "a call that waits has the number of another"}
			}
		}
	}
	return uint32(i.stack[0]), left, nil
}

// finish ends a call whose result has been read: it takes the headers, lets the guest free the result, and returns the
// instance to the pool. A status says that the guest failed at the last moment.
func (f *function) finish(inst *instance, m *exportMethod, result uint32, cc *callContext) *status.Status {
	mem := inst.Bytes()
	if c := inst.block(mem); c != nil {
		var bad bool
		if cc.replyMeta, bad = c.takeMeta(controlReplyMeta, mem, nil); bad {
			return f.died(inst, errReplyMeta)
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
	inst.front, inst.meta, inst.root = nil, nil, nil
	f.pool.put(inst)
}

// died closes a broken instance and returns the status that its caller gets.
func (f *function) died(inst *instance, err error) *status.Status {
	f.host.log.Error("an instance died and is replaced", "function", f.name, "error", err)
	f.pool.discard(inst, err)
	return callError(f.name, err)
}

// putReplyMeta hands encoded headers to a caller that asked for them.
func (i *instance) putReplyMeta(meta []byte) error {
	ptr, err := putBytes(i, meta)
	if err != nil {
		return err
	}
	c := i.block(i.Bytes())
	c.putU32(controlReplyMeta, ptr)
	c.putU32(controlReplyMeta+4, uint32(len(meta)))
	return nil
}
