package host

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/transcode"
)

// serviceDesc describes a public service to grpc-go. Requests and replies pass as wire bytes, see frontCodec.
func (f *function) serviceDesc(name, file string) *grpc.ServiceDesc {
	desc := &grpc.ServiceDesc{ServiceName: name, Metadata: file}
	for _, m := range f.exports {
		if string(m.Service.Name) != name {
			continue
		}
		f.host.profile.front(m)
		if m.Streaming() {
			desc.Streams = append(desc.Streams, grpc.StreamDesc{
				StreamName: string(m.Name), Handler: m.handleStream, ClientStreams: m.StreamingClient, ServerStreams: m.StreamingServer,
			})
			continue
		}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{MethodName: string(m.Name), Handler: f.host.profile.serve(m)})
	}
	return desc
}

// handle serves one call from outside.
func (m *exportMethod) handle(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in wireMessage
	if err := dec(&in); err != nil {
		return nil, err
	}
	defer in.free()
	cc := callContext{outside: ctx, wantHeaders: true, deadline: deadlineOf(ctx)}
	out, st := m.invokeCoded(ctx, m.codecOf(ctx), &in, &cc)
	if len(cc.replyMeta) > 0 {
		if err := sendMeta(ctx, cc.replyMeta); err != nil {
			return nil, status.Errorf(codes.Internal, "function %s: %v", m.fn.name, err)
		}
	}
	if st != nil {
		return nil, st.Err()
	}
	return &out, nil
}

// invoke serves a call in wire bytes, which ends with ctx. It sets replyMeta of cc.
func (m *exportMethod) invoke(ctx context.Context, request []byte, cc *callContext) (wireMessage, *status.Status) {
	if m.fn.native != nil {
		return m.fn.native.invoke(ctx, m.method, request, cc)
	}
	reply, st := m.invokeGuest(ctx, request, cc)
	return wireBytes(reply), st
}

// invokeGuest takes an instance and runs the method with wire bytes.
func (m *exportMethod) invokeGuest(ctx context.Context, wire []byte, cc *callContext) (reply []byte, st *status.Status) {
	inst, err := m.fn.pool.get(ctx, cc.depth)
	if err != nil {
		return nil, callError(m.fn.name, err)
	}
	inst.front, inst.meta, inst.root, inst.bound = cc.outside, cc.meta, ctx, false
	limit := m.fn.host.opts.MaxMessage
	if err := m.lower(inst, wire, limit); err != nil {
		if link.FaultOf(err) == link.TargetFault {
			return nil, m.fn.died(inst, err)
		}
		m.fn.release(inst)
		return nil, requestError(err)
	}
	call := m.fn.host.watch.begin(ctx, inst)
	addr, left, err := inst.serve(m, cc)
	if m.fn.host.watch.end(call, inst) {
		err = errOverrun
	}
	if err != nil {
		return nil, m.fn.died(inst, err)
	}
	if left != 0 {
		c := inst.goesOn(m, left)
		c.front, c.done = true, make(chan struct{})
		m.fn.release(inst)
		st := c.wait(ctx)
		if st == nil {
			st, reply, cc.replyMeta = c.st, c.wire, c.meta
		}
		return reply, st
	}
	reply, st, err = m.lift(inst, addr, limit)
	switch link.FaultOf(err) {
	case link.SourceFault:
		return nil, m.fn.died(inst, err)
	case link.ValueFault:
		st = callError(m.fn.name, err)
	}
	if failed := m.fn.finish(inst, m, addr, cc); failed != nil {
		return nil, failed
	}
	return reply, st
}

// lower transcodes a request and puts its core values on the instance's stack.
func (m *exportMethod) lower(inst *instance, wire []byte, limit uint64) error {
	if !inst.OneBlock() {
		return m.lowerEach(inst, wire, limit)
	}
	at, err := transcode.Decode(m.request, wire, inst, limit)
	if err != nil {
		return err
	}
	if m.Func.Indirect {
		inst.stack[0] = uint64(at)
		return nil
	}
	loadSlots(m.slots, inst.Bytes()[at:], inst.stack[:len(m.Func.Param.Flat)])
	return nil
}

// lowerEach is lower for guests that want one allocation per list: over a value in the host's own memory.
func (m *exportMethod) lowerEach(inst *instance, wire []byte, limit uint64) error {
	var buf link.Buffer
	at, err := transcode.Decode(m.request, wire, &buf, limit)
	if err != nil {
		return err
	}
	var core [maxCore]uint64
	args := core[:len(m.Func.Params())]
	if m.Func.Indirect {
		args[0] = uint64(at)
	} else {
		loadSlots(m.slots, buf.Bytes()[at:], args)
	}
	return m.copyRequest(&buf, args, inst, inst.stack, limit)
}

// lift transcodes a result.
func (m *method) lift(inst *instance, at uint32, limit uint64) ([]byte, *status.Status, error) {
	result, err := inst.read(uint64(at), uint64(m.size))
	if err != nil {
		return nil, nil, err
	}
	switch result[0] {
	case 0:
		reply, err := transcode.Encode(m.reply, inst.Bytes(), at+m.payload, nil, limit)
		return reply, nil, err
	case 1:
		st, err := m.readStatus(inst, at)
		return nil, st, err
	default:
		return nil, nil, errDiscriminant
	}
}

// requestError is what grpc-go answers to a request that it cannot unmarshal.
func requestError(err error) *status.Status {
	var limit *link.LimitError
	if errors.As(err, &limit) {
		return callError("", err)
	}
	return status.New(codes.Internal, notUnmarshaled+err.Error())
}

// notUnmarshaled begins what grpc-go says of a message that cannot be decoded.
const notUnmarshaled = "grpc: failed to unmarshal the received message: "

// deadlineOf returns the deadline of a context in Unix nanoseconds, or 0.
func deadlineOf(ctx context.Context) int64 {
	if deadline, ok := ctx.Deadline(); ok {
		return deadline.UnixNano()
	}
	return 0
}

// sendMeta sets the headers and trailers that a guest gave.
func sendMeta(ctx context.Context, meta []byte) error {
	header, trailer, err := parseMeta(meta)
	if err != nil {
		return err
	}
	if header != nil {
		if err := grpc.SetHeader(ctx, header); err != nil {
			return err
		}
	}
	if trailer != nil {
		return grpc.SetTrailer(ctx, trailer)
	}
	return nil
}
