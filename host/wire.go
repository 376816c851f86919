package host

import (
	"bytes"
	"context"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Guests have messages in their memory, as the ABI lays them out. Whatever else calls or is called has them as wire bytes, and the two
// sides of such a call do not know of each other what they are:
//
//   - a wireServer answers: isolates of a function, or what a connection out of the host leads to;
//   - [exportMethod.invoke] and [exportMethod.serveStream] are how a call comes in: from outside, or from an isolate.

// wireServer answers calls in wire bytes. It is safe for concurrent use.
type wireServer interface {
	// invoke makes a unary call, whose request it does not use any more when it returns, and waits for its end or that of ctx, which has the
	// call's deadline. It sets replyMeta of cc.
	invoke(ctx context.Context, m *method, request []byte, cc *callContext) (wireMessage, *status.Status)
	// open begins a streaming call, that ends with ctx.
	open(ctx context.Context, m *method, cc *callContext) (clientStream, *status.Status)
}

// nearServer is a wireServer whose short calls are over before it is worth while to do something else.
type nearServer interface {
	wireServer
	// begin is invoke that returns later when soon ends, a part of ctx, and the call has not: that waits for the end, and is called once.
	begin(ctx, soon context.Context, m *method, request []byte, cc *callContext) (_ wireMessage, _ *status.Status, later laterReply)
}

// laterReply waits for the end of a call, or that of its context.
type laterReply func() (wireMessage, *status.Status)

// clientStream is a streaming call as whoever has made it uses it. One goroutine sends while another does all the rest.
type clientStream interface {
	// send sends a message, which it owns. It returns an error when the call is over; result says how.
	send(message wireMessage) error
	closeSend()
	// header waits for the server's header; ok is false if the call has ended without one.
	header() (meta []byte, ok bool)
	// recv returns io.EOF when the call has ended well, and another error otherwise; result says how.
	recv() (wireMessage, error)
	result() (st *status.Status, trailer []byte)
	// close gives up what is left of the call.
	close()
}

// serverStream is a streaming call as whoever serves it uses it. One goroutine receives while another does all the rest.
type serverStream interface {
	// recv returns io.EOF when there are no more messages, and another error when the client has gone, or has sent what is no message.
	recv() (wireMessage, error)
	// send sends a message, which it owns.
	send(message wireMessage) error
	// sendHeader sends the header, or, if the call is over, has it sent with the end.
	sendHeader(meta []byte, over bool) error
	// end ends the call.
	end(st *status.Status, trailer []byte)
}

// wireMessage is a message as wire bytes. It has one owner, who frees it.
type wireMessage struct {
	data mem.BufferSlice
	flat mem.Buffer
	// lent says that the bytes are somebody else's, and valid until he receives the next message.
	lent bool
}

// wireBytes makes a message of bytes that nobody changes any more.
func wireBytes(b []byte) wireMessage { return wireMessage{data: mem.BufferSlice{mem.SliceBuffer(b)}} }

// lentBytes makes a message of bytes that are lent.
func lentBytes(b []byte) wireMessage {
	return wireMessage{data: mem.BufferSlice{mem.SliceBuffer(b)}, lent: true}
}

// keep returns the message as one that is not lent.
func (m wireMessage) keep() wireMessage {
	if !m.lent {
		return m
	}
	return wireMessage{data: mem.BufferSlice{mem.Copy(m.bytes(), mem.DefaultBufferPool())}}
}

// bytes returns the message in one piece, valid until free.
func (m *wireMessage) bytes() []byte {
	switch {
	case len(m.data) == 1:
		return m.data[0].ReadOnlyData()
	case len(m.data) == 0:
		return nil
	case m.flat == nil:
		m.flat = m.data.MaterializeToBuffer(mem.DefaultBufferPool())
	}
	return m.flat.ReadOnlyData()
}

func (m *wireMessage) free() {
	m.data.Free()
	if m.flat != nil {
		m.flat.Free()
	}
	*m = wireMessage{}
}

// own returns a copy of the bytes, and frees the message.
func (m *wireMessage) own() []byte {
	defer m.free()
	return bytes.Clone(m.bytes())
}

// encodedMeta is the metadata of a call.
func (cc *callContext) encodedMeta() []byte {
	if cc.outside == nil {
		return cc.meta
	}
	if md, ok := metadata.FromIncomingContext(cc.outside); ok {
		return encodeMeta(md)
	}
	return nil
}

// context is the context of a call that ends with parent.
func (cc *callContext) context(parent context.Context) (context.Context, context.CancelFunc) {
	if cc.deadline != 0 {
		return context.WithDeadline(parent, time.Unix(0, cc.deadline))
	}
	return context.WithCancel(parent)
}
