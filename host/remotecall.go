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
	case to != nil:
		st, err = e.runRecord(i, to, request, result, &cc)
	default:
		st, err = e.runRemote(i, conn, i, request, result, callOptions(options), &cc)
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
	if e.Func.Indirect {
		return e.runRemote(caller, conn, caller, uint32(args[0]), result, nil, cc)
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
	return e.runRemote(caller, conn, &buf, at, result, nil, cc)
}

// runRemote begins a call that leaves the host. It returns a status if the call has failed already.
func (e *edge) runRemote(caller *instance, conn *remoteConn, from link.Memory, request, result uint32, opts []grpc.CallOption, cc *callContext) (*status.Status, error) {
	if e.profile != nil && !cc.profiled {
		return caller.fn.host.profile.runRemote(e, caller, conn, from, request, result, opts, cc)
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
	parent := conn.remotes.ctx
	waits := caller.resume == nil // the guest cannot do anything else, so the call ends with what it is for
	if waits && caller.root != nil {
		parent = caller.root
	}
	ctx, cancel := cc.context(parent)
	c := &pendingCall{method: &exportMethod{method: e.method}, cancel: cancel, wantHeaders: cc.wantHeaders}
	if waits {
		c.done = make(chan struct{})
	} else {
		caller.goesOnWith(c)
	}
	conn.remotes.calls.Go(func() { c.invoke(ctx, conn, wire, opts, caller.fn.host.opts.MaxMessage) })
	if !waits {
		return nil, nil
	}
	stop := context.AfterFunc(conn.remotes.ctx, cancel)
	defer stop()
	<-c.done
	return nil, c.giveTo(caller, result)
}

// invoke makes the call, on a goroutine of its own.
func (c *pendingCall) invoke(ctx context.Context, conn *remoteConn, wire []byte, opts []grpc.CallOption, limit uint64) {
	defer c.cancel()
	var in wireRequest
	var header, trailer metadata.MD
	if c.wantHeaders {
		opts = append(opts, grpc.Header(&header), grpc.Trailer(&trailer))
	}
	if err := conn.Invoke(ctx, c.method.FullMethod(), &wireReply{wire}, &in, opts...); err != nil {
		c.st = status.Convert(err)
	} else if err := c.setReply(in.bytes(), limit); err != nil {
		c.st = requestError(err)
	}
	in.free()
	if c.wantHeaders {
		c.meta = appendMeta(appendMeta(nil, header, 0), trailer, metaTrailer)
	}
	c.over()
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
