package host

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/transcode"
)

// A unary call that has a route does not come by the import of its method but by one for all methods, with its request and its result
// as records: it is rare, and that spares guests code.

// callRouted is that import.
func (i *instance) callRouted(number uint32, method string, request, result uint32, options []byte) error {
	e := i.fn.unary[method]
	if e == nil {
		return errRoute
	}
	cc := callContext{depth: i.depth + 1}
	if err := i.takeContext(&cc); err != nil {
		return err
	}
	to, conn, st, err := i.resolve(e, number)
	if err != nil {
		return err
	}
	switch {
	case st != nil:
	case to != nil && to.native != nil:
		st, err = e.runWire(i, to.native, i, request, result, &cc)
	case to != nil:
		st, err = e.runRecord(i, to, request, result, &cc)
	default:
		cc.options = options
		st, err = e.runWire(i, conn, i, request, result, &cc)
	}
	if err != nil {
		return err
	}
	return e.returned(i, result, st, &cc)
}

// candidate is the edge to one of the functions that may answer.
func (e *edge) candidate(to *function) *edge {
	for _, c := range e.candidates {
		if c.to.fn == to {
			return c
		}
	}
	return e
}

// runRecord is run for a request that is a record, and for one of several functions that export the method.
func (e *edge) runRecord(caller *instance, to *function, request, result uint32, cc *callContext) (*status.Status, error) {
	local := e.candidate(to)
	if e.Func.Indirect {
		return local.run(caller, caller, []uint64{uint64(request)}, result, cc)
	}
	var buf link.Buffer
	at, err := link.NewRecord(e.param, caller, request, &buf, caller.fn.host.opts.MaxMessage)
	switch link.FaultOf(err) {
	case link.NoFault:
	case link.ValueFault:
		return callError(to.name, err), nil
	default:
		return nil, err
	}
	var core [maxCore]uint64
	args := core[:len(e.Func.Param.Flat)]
	loadSlots(e.slots, buf.Bytes()[at:], args)
	return local.run(caller, &buf, args, result, cc)
}

// runUndialled carries out a call that has no route although there is not one function to answer it: the guest knows nothing of
// routes, and the operator may have said where its calls go.
func (e *edge) runUndialled(caller *instance, args []uint64, result uint32, cc *callContext) (*status.Status, error) {
	if !e.calls.leaves() {
		return e.calls.ambiguous(target{}), nil
	}
	conn, st := e.calls.connect(&dialInfo{})
	if st != nil {
		return st, nil
	}
	return e.runFlat(caller, conn, args, result, cc)
}

// runFlat is runWire for a request that is in core values.
func (e *edge) runFlat(caller *instance, server wireServer, args []uint64, result uint32, cc *callContext) (*status.Status, error) {
	if e.Func.Indirect {
		return e.runWire(caller, server, caller, uint32(args[0]), result, cc)
	}
	var buf link.Buffer
	var core [maxCore]uint64
	flat := core[:len(args)]
	err := link.Flat(e.param, caller, args, &buf, flat, caller.fn.host.opts.MaxMessage)
	switch link.FaultOf(err) {
	case link.NoFault:
	case link.ValueFault:
		return callError(caller.fn.name, err), nil
	default:
		return nil, err
	}
	at, err := buf.Alloc(e.param.Size, e.param.Align)
	if err != nil {
		return nil, err
	}
	record := buf.Bytes()[at:]
	clear(record)
	storeSlots(e.slots, record, flat)
	return e.runWire(caller, server, &buf, at, result, cc)
}

// nearWait is how long a guest's thread waits for a call that may soon be over, before the guest can do something else. To give the thread
// back and to get it again costs more than most calls, and one that waits uses no processor; meanwhile other calls have other instances.
const nearWait = 500 * time.Microsecond

// runWire begins a call that a server answers which is no guest. It returns a status if the call has failed already.
func (e *edge) runWire(caller *instance, server wireServer, from link.Memory, request, result uint32, cc *callContext) (*status.Status, error) {
	if e.profile != nil && !cc.profiled {
		return caller.fn.host.profile.runWire(e, caller, server, from, request, result, cc)
	}
	if cc.deadline != 0 && time.Now().UnixNano() >= cc.deadline {
		return status.New(codes.DeadlineExceeded, context.DeadlineExceeded.Error()), nil
	}
	wire, err := transcode.Encode(e.request, from.Bytes(), request, nil, caller.fn.host.opts.MaxMessage)
	switch link.FaultOf(err) {
	case link.NoFault:
	case link.ValueFault:
		return callError(caller.fn.name, err), nil
	default:
		return nil, err
	}
	remotes := caller.fn.host.remotes
	parent := remotes.ctx
	waits := caller.resume == nil // the guest cannot do anything else, so the call ends with what it is for
	if waits && caller.root != nil {
		parent = caller.root
	}
	ctx, cancel := cc.context(parent)
	c := &pendingCall{method: &exportMethod{method: e.method}, cancel: cancel, wantHeaders: cc.wantHeaders}
	own, limit := cc.own(), caller.fn.host.opts.MaxMessage
	set := func(reply wireMessage, st *status.Status) { c.set(reply, st, &own, limit) }
	invoke := func() (wireMessage, *status.Status) { return server.invoke(ctx, e.method, wire, &own) }
	if waits {
		defer cancel()
		defer context.AfterFunc(remotes.ctx, cancel)()
		set(invoke())
		return nil, c.giveTo(caller, result)
	}
	if near, ok := server.(nearServer); ok {
		soon, stop := context.WithTimeout(ctx, nearWait)
		reply, st, later := near.begin(ctx, soon, e.method, wire, &own)
		stop()
		if later == nil {
			defer cancel()
			set(reply, st)
			return nil, c.giveTo(caller, result)
		}
		invoke = later
	}
	caller.goesOnWith(c)
	remotes.calls.Go(func() {
		set(invoke())
		c.over()
	})
	return nil, nil
}

// set makes an outcome the result. The reply is freed.
func (c *pendingCall) set(reply wireMessage, st *status.Status, cc *callContext, limit uint64) {
	if st != nil {
		c.st = st
	} else if err := c.setReply(reply.bytes(), limit); err != nil {
		c.st = requestError(err)
	}
	reply.free()
	c.meta = cc.replyMeta
}

// invoke implements wireServer.
func (r *remoteConn) invoke(ctx context.Context, m *method, request []byte, cc *callContext) (reply wireMessage, _ *status.Status) {
	opts := callOptions(cc.options)
	var header, trailer metadata.MD
	if cc.wantHeaders {
		opts = append(opts, grpc.Header(&header), grpc.Trailer(&trailer))
	}
	out := wireBytes(request)
	err := r.Invoke(cc.outgoing(ctx), m.FullMethod(), &out, &reply, opts...)
	if cc.wantHeaders {
		cc.replyMeta = appendMeta(appendMeta(nil, header, 0), trailer, metaTrailer)
	}
	if err != nil {
		return wireMessage{}, status.Convert(err)
	}
	return reply, nil
}

// setReply makes a reply in wire bytes the result, as the record that the method returns.
func (c *pendingCall) setReply(wire []byte, limit uint64) (err error) {
	m := c.method
	if c.at, err = c.buf.Alloc(m.result.Size, m.result.Align); err != nil {
		return err
	}
	reply, err := transcode.Decode(m.reply, wire, &c.buf, limit)
	if err != nil {
		return err
	}
	mem := c.buf.Bytes()
	clear(mem[c.at:][:m.size])
	copy(mem[c.at+m.payload:], mem[reply:][:m.Reply.Type.Size])
	return nil
}
