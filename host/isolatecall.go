package host

import (
	"context"
	"errors"
	"fmt"
	"io"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// channelHeader is what goes to an isolate beside the messages of a call.
func (cc *callContext) channelHeader(m *method) channel.Header {
	h := channel.Header{Method: m.full, Deadline: cc.deadline, Metadata: cc.encodedMeta(), Flags: uint32(cc.depth) << protocol.DepthShift}
	if cc.wantHeaders {
		h.Flags |= protocol.WantsHeaders
	}
	if cc.waitsForReady {
		h.Flags |= protocol.WaitsForReady
	}
	return h
}

// tooDeep returns how a call fails that is nested too deeply, or nil.
func (cc *callContext) tooDeep() *status.Status {
	if cc.depth <= protocol.MaxDepth {
		return nil
	}
	return status.Newf(codes.ResourceExhausted, "calls between functions nest deeper than %d", protocol.MaxDepth)
}

// invoke implements wireServer.
func (n *native) invoke(ctx context.Context, m *method, request []byte, cc *callContext) (wireMessage, *status.Status) {
	reply, st, _ := n.begin(ctx, ctx, m, request, cc)
	return reply, st
}

// begin implements nearServer.
func (n *native) begin(ctx, soon context.Context, m *method, request []byte, cc *callContext) (wireMessage, *status.Status, laterReply) {
	if st := cc.tooDeep(); st != nil {
		return wireMessage{}, st, nil
	}
	again := func() (wireMessage, *status.Status) { return n.invoke(ctx, m, request, cc) }
	if ctx != soon && len(request) > largestNear {
		return wireMessage{}, nil, again
	}
	i, st := n.acquire(soon, cc.waitsForReady)
	if st != nil {
		if isLate(soon, ctx) {
			return wireMessage{}, nil, again
		}
		return wireMessage{}, st, nil
	}
	h := cc.channelHeader(m)
	reply, pending, err := i.conn.Begin(ctx, soon, nil, &h, request)
	if pending != nil {
		return wireMessage{}, nil, func() (wireMessage, *status.Status) {
			defer i.serves.Add(-1)
			reply, err := pending.Wait(ctx, nil)
			return n.replied(reply, err, cc)
		}
	}
	defer i.serves.Add(-1)
	if err != nil && err == soon.Err() && isLate(soon, ctx) {
		return wireMessage{}, nil, again // an isolate that does not read is not to hold up more than its callers' calls
	}
	message, st := n.replied(reply, err, cc)
	return message, st, nil
}

// largestNear is the size of requests that a guest's thread sends. Larger ones wait for others, and take long in any case.
const largestNear = 60 << 10

// isLate says that soon has ended, and ctx has not.
func isLate(soon, ctx context.Context) bool { return soon.Err() != nil && ctx.Err() == nil }

// replied is the outcome of a call of an isolate.
func (n *native) replied(reply *channel.Reply, err error, cc *callContext) (wireMessage, *status.Status) {
	if err != nil {
		return wireMessage{}, channelError(err)
	}
	if cc.replyMeta, err = checkedMeta(reply.Metadata); err != nil {
		return wireMessage{}, callError(n.fn.name, err)
	}
	if len(reply.Status) > 0 {
		return wireMessage{}, n.statusOf(reply.Status)
	}
	return wireMessage{data: mem.BufferSlice{mem.NewBuffer(&reply.Payload, replyMemory{reply})}}, nil
}

// replyMemory gives the memory of a reply back.
type replyMemory struct{ reply *channel.Reply }

// Get implements mem.BufferPool. Nobody calls it.
func (replyMemory) Get(int) *[]byte { return new([]byte) }

// Put implements mem.BufferPool.
func (m replyMemory) Put(*[]byte) { m.reply.Free() }

// statusOf reads the status that an isolate has given.
func (n *native) statusOf(encoded []byte) *status.Status {
	var st spb.Status
	if err := proto.Unmarshal(encoded, &st); err != nil {
		return callError(n.fn.name, fmt.Errorf("the status of its reply is malformed: %w", err))
	}
	if st.Code == int32(codes.OK) {
		return callError(n.fn.name, errFailedOK)
	}
	return status.FromProto(&st)
}

// encodeStatus is what goes to an isolate for a status.
func encodeStatus(st *status.Status) []byte {
	if st.Code() == codes.OK {
		return nil
	}
	encoded, err := proto.Marshal(st.Proto())
	if err != nil { // a message that is no UTF-8
		encoded, _ = proto.Marshal(&spb.Status{Code: int32(codes.Internal), Message: "the status of a call cannot be encoded: " + err.Error()})
	}
	return encoded
}

// checkedMeta returns metadata that an isolate has written, if they can be read.
func checkedMeta(meta []byte) ([]byte, error) {
	if len(meta) > maxMetadata || !wholeMeta(meta) {
		return nil, errMetadata
	}
	return meta, nil
}

// channelError is the status of a call that an isolate did not end.
func channelError(err error) *status.Status {
	var size *channel.SizeError
	switch {
	case errors.As(err, &size):
		return status.Newf(codes.ResourceExhausted, "grpc: received message larger than max (%d vs. %d)", size.Size, size.Max)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err)
	default:
		return errBroken()
	}
}

// open implements wireServer.
func (n *native) open(ctx context.Context, m *method, cc *callContext) (clientStream, *status.Status) {
	if st := cc.tooDeep(); st != nil {
		return nil, st
	}
	i, st := n.acquire(ctx, cc.waitsForReady)
	if st != nil {
		return nil, st
	}
	h := cc.channelHeader(m)
	s, err := i.conn.OpenStream(&h)
	if err != nil {
		i.serves.Add(-1)
		return nil, channelError(err)
	}
	i.streams.Add(1)
	return &isolateClient{s, i, n, ctx, nil}, nil
}

// isolateClient is a streaming call to an isolate as its client uses it.
type isolateClient struct {
	stream *channel.Stream
	iso    *isolate
	native *native
	ctx    context.Context
	// ended is the error that recv has returned.
	ended error
}

func (c *isolateClient) send(m wireMessage) error {
	defer m.free()
	return c.stream.Send(c.ctx, m.bytes())
}

func (c *isolateClient) closeSend() { _ = c.stream.CloseSend() } // its error is that of the call

func (c *isolateClient) header() (meta []byte, ok bool) {
	meta, ok, err := c.stream.Header(c.ctx)
	if err == nil {
		meta, err = checkedMeta(meta)
	}
	return meta, ok && err == nil
}

func (c *isolateClient) recv() (wireMessage, error) {
	b, err := c.stream.Recv(c.ctx)
	if err != nil {
		c.ended = err
		return wireMessage{}, err
	}
	return lentBytes(b), nil
}

func (c *isolateClient) result() (st *status.Status, trailer []byte) {
	if c.ended != nil && !errors.Is(c.ended, io.EOF) {
		return channelError(c.ended), nil
	}
	encoded, trailer, err := c.stream.Result(c.ctx)
	if err != nil {
		return channelError(err), nil
	}
	if len(encoded) > 0 {
		st = c.native.statusOf(encoded)
	}
	if trailer, err = checkedMeta(trailer); err != nil {
		return callError(c.native.fn.name, err), nil
	}
	return st, trailer
}

func (c *isolateClient) close() {
	_ = c.stream.Close() // whatever is left of it
	c.iso.streams.Add(-1)
	c.iso.serves.Add(-1)
}
