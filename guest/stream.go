package guest

import (
	"context"
	"io"
	"runtime"
)

// StreamExport is a streaming method that this guest can serve, and StreamImport one that it calls on another function. Generated
// bindings make one per method.
type StreamExport struct {
	*Export
	messages messages
}

// WithTyped adds functions that do what those for any message do, for many messages at a time: gather is a func(*Stream, *Reply) bool, for
// [GathererOf], and lift a func(*Stream) []Request, for [LifterOf].
func (e *StreamExport) WithTyped(gather, lift any) *StreamExport {
	e.messages.gather, e.messages.liftAll = gather, lift
	return e
}

// StreamImport is the client's side of [StreamExport].
type StreamImport struct {
	// FullMethod is "/package.Service/Method".
	FullMethod string
	messages   messages
}

// messages are how the messages of a method are lowered and lifted, on one side of it.
type messages struct {
	size  uint32 // of the record of a message that is sent
	lower LowerFunc
	lift  LiftFunc
	// gather and liftAll are nil or typed functions; see StreamExport.WithTyped.
	gather, liftAll any
}

// WithTyped is [StreamExport.WithTyped], for requests that are gathered and replies that are lifted.
func (i *StreamImport) WithTyped(gather, lift any) *StreamImport {
	i.messages.gather, i.messages.liftAll = gather, lift
	return i
}

var (
	streamExports []*StreamExport
	streamImports []*StreamImport
)

// streamFrame is the size of the parameters and the result of a streaming method's exported function: func(stream: u32) -> pointer.
const streamFrame = 16

// streamResult is the size of a result<_, status>, and streamPayload the offset of the status in it.
const (
	streamResult  = 24
	streamPayload = 4
)

// NewStreamExport declares a method. reply is the size of the record of a reply; lift is for requests and lower for replies.
func NewStreamExport(fullMethod string, reply uint32, lift LiftFunc, lower LowerFunc) *StreamExport {
	e := &StreamExport{
		Export:   &Export{FullMethod: fullMethod, frame: streamFrame, result: streamResult, payload: streamPayload, handler: unregistered{}},
		messages: messages{size: reply, lower: lower, lift: lift},
	}
	e.call = e.newCall()
	streamExports = append(streamExports, e)
	return e
}

// FindStreamExport returns the export of that name, or nil if the function exports no such method.
func FindStreamExport(fullMethod string) *StreamExport {
	for _, e := range streamExports {
		if e.FullMethod == fullMethod {
			return e
		}
	}
	return nil
}

// StreamHandler serves calls of one streaming method.
type StreamHandler interface {
	// ServeStream serves one call. It returns nil for OK. It may keep neither c nor s.
	ServeStream(c *ServerCall, s *Stream) *Status
}

// Bind makes h the handler of the method. Calls before Bind are answered with Unimplemented.
func (e *StreamExport) Bind(h StreamHandler) { e.handler = &boundStreams{e, h} }

// boundStreams is the handler of a streaming method, for [ServerCall.Serve].
type boundStreams struct {
	export  *StreamExport
	handler StreamHandler
}

func (b *boundStreams) Serve(c *ServerCall) *Status {
	s := newStream(c.stream, &b.export.messages)
	defer s.forget()
	return b.handler.ServeStream(c, s)
}

// EnterStream begins a call whose stream the host has numbered.
func (e *StreamExport) EnterStream(id uint32) *ServerCall {
	c := e.Enter()
	c.stream = id
	return c
}

// NewStreamImport declares a method. request is the size of the record of a request; lower is for requests and lift for replies.
func NewStreamImport(fullMethod string, request uint32, lower LowerFunc, lift LiftFunc) *StreamImport {
	i := &StreamImport{fullMethod, messages{size: request, lower: lower, lift: lift}}
	streamImports = append(streamImports, i)
	return i
}

// FindStreamImport returns the import of that name, or nil if the function does not call such a method.
func FindStreamImport(fullMethod string) *StreamImport {
	for _, i := range streamImports {
		if i.FullMethod == fullMethod {
			return i
		}
	}
	return nil
}

// Open begins a call. It does not wait; whatever is wrong with the call is in the end of the stream. Of call, which may be nil,
// Deadline, Metadata, WaitForReady, Route and Options count. Whoever opens a stream closes it with Close.
func (i *StreamImport) Open(call *ClientCall) *Stream {
	var meta, options []byte
	var route uint32
	if call != nil {
		if len(call.Metadata) > 0 {
			meta = appendMeta(nil, call.Metadata, 0)
		}
		if route = call.Route; route != 0 && len(call.Options) > 0 {
			options = appendMeta(nil, call.Options, 0)
		}
		control.outDeadline = call.Deadline
		if call.WaitForReady {
			control.outFlags = outWaitsForReady
		}
		control.outMetaPtr, control.outMetaLen = bytesAddress(meta), uint32(len(meta))
	}
	id := hostOpen(i.FullMethod, route, options)
	runtime.KeepAlive(meta)
	runtime.KeepAlive(options)
	return newStream(id, &i.messages)
}

// Stream is one side of a streaming call. One goroutine may send while another receives; beyond that it is not safe for concurrent
// use.
type Stream struct {
	id       uint32
	messages *messages
	// changed is closed at the next event, nil while nobody waits.
	changed chan struct{}

	scratch Scratch
	out     Record // of a message that is sent without an outbox
	problem Record // a result<_, status>
	outbox  *outbox
	sent    int
	// sealed says that nothing more may be sent or received but by Send and Recv, which know why.
	sealed bool
	// closed says that nothing more may be sent.
	closed bool
	// unread is nil or what OnRecv was given.
	unread func() int

	// IsLarge reports that the message that was received last may not be small, say over 16 KB, so that a limit of megabytes may
	// matter.
	IsLarge bool

	// Messages that have been received and not been lifted yet.
	received [maxReceived]uint32
	next, n  int
	in       inbound
}

// maxReceived is how many messages are taken from the host at a time.
const maxReceived = 64

// ErrOver is the error of sending when the call is over. The receiving side knows how it has ended.
var ErrOver = io.EOF

// What the host says of an operation on a stream.
const (
	streamDone    = iota
	streamBlocked // there will be an event
	streamOver    // the call has ended, or the other side sends no more
	streamFailed  // there is a status
)

// streams are those in use, by number.
var streams = map[uint32]*Stream{}

func newStream(id uint32, m *messages) *Stream {
	s := &Stream{id: id, messages: m, out: newFrame(m.size).record, problem: newFrame(streamResult).record, in: unrooted}
	streams[id] = s
	return s
}

func (s *Stream) forget() {
	s.Seal()
	if s.outbox != nil && s.outbox.listed != 0 {
		hostFlush() // while it is there
	}
	delete(streams, s.id)
}

// wake is for whoever waits.
func (s *Stream) wake() {
	if s != nil && s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// wait waits for the next event, of which ready reports whether it has already come, or for ctx.
func (s *Stream) until(ctx context.Context, ready func() bool) error {
	for {
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		// Taken before ready asks the host: what happens afterwards closes it.
		changed := s.changed
		if ready() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Send sends a message, of which nothing is kept. It waits while the other side does not keep up, and no longer than ctx. The error is
// ErrOver, that of ctx, or has the status of a message that cannot be sent.
func (s *Stream) Send(ctx context.Context, m any) error {
	o := s.outbox
	if o == nil {
		return s.sendUnaided(ctx, m)
	}
	if o.n == 0 {
		s.scratch.reset()
	}
	r := s.scratch.slot(uintptr(s.messages.size))
	if err := s.messages.lower(&s.scratch, r, m); err != nil {
		return notSendable(err, m)
	}
	if o.add(r, &s.scratch) {
		return nil
	}
	err := s.sendNow(ctx, r)
	runtime.KeepAlive(m)
	return err
}

// sendUnaided is Send without an outbox.
func (s *Stream) sendUnaided(ctx context.Context, m any) error {
	if s.sent++; s.sent > unaided {
		s.gather()
		return s.Send(ctx, m)
	}
	if s.scratch.used > 0 {
		s.scratch.reset()
	}
	if err := s.messages.lower(&s.scratch, s.out, m); err != nil {
		return notSendable(err, m)
	}
	err := s.sendNow(ctx, s.out)
	runtime.KeepAlive(m)
	return err
}

// notSendable is the error of a message that cannot be lowered.
func notSendable(err error, m any) error {
	if err == ErrType {
		return statusError(notSent("", m))
	}
	return statusError(notLowered(err))
}

// sendNow has the host take a message, after those that are gathered.
func (s *Stream) sendNow(ctx context.Context, r Record) error {
	takeTurn()
	code := hostSend(s.id, r.Pointer(), s.problem.Pointer())
	if code == streamBlocked {
		err := s.until(ctx, func() bool {
			code = hostSend(s.id, r.Pointer(), s.problem.Pointer())
			return code != streamBlocked
		})
		if err != nil {
			return err
		}
	}
	switch code {
	case streamOver:
		return ErrOver
	case streamFailed:
		return statusError(s.takeStatus())
	}
	return nil
}

// takeStatus returns the status that the host has given.
func (s *Stream) takeStatus() *Status {
	in := takeInbound()
	st := s.problem.At(streamPayload).status()
	keepAlive(in)
	return st
}

// Recv receives a message into m. It waits for one, and no longer than ctx. io.EOF says that there are no more: the other side has
// said so, or the call has ended, as End tells a client. Other errors are that of ctx, and those of messages that cannot be lifted.
func (s *Stream) Recv(ctx context.Context, m any) error {
	if s.unread != nil {
		s.next -= s.unread()
	}
	if s.next == s.n {
		if err := s.receive(ctx); err != nil {
			return err
		}
	}
	err := s.messages.lift(Record{pointer(s.received[s.next])}, m)
	keepAlive(s.in)
	if s.next++; s.next == s.n && s.in.handed != nil {
		s.in = unrooted // too much memory to keep
	}
	switch err {
	case nil:
		return nil
	case ErrType:
		return statusError(notReceived("", m))
	default:
		return statusError(notLifted(err))
	}
}

// receive takes messages from the host.
func (s *Stream) receive(ctx context.Context) error {
	code := s.tryReceive()
	if code == streamBlocked {
		err := s.until(ctx, func() bool {
			code = s.tryReceive()
			return code != streamBlocked
		})
		if err != nil {
			return err
		}
	}
	switch code {
	case streamOver:
		return io.EOF
	case streamFailed:
		return statusError(s.takeStatus())
	}
	return nil
}

func (s *Stream) tryReceive() uint32 {
	if control.arenaEnd-control.arenaNext < streamReserve {
		replenish(streamReserve, smallChunk)
	}
	takeTurn()
	s.next, s.n = 0, 0
	code, n := hostReceive(s.id, &s.received, s.problem.Pointer())
	if code == streamDone {
		s.n = int(n)
		if s.in.chunk != arena.chunk || arena.handed != nil {
			s.in = takeInbound()
		}
		s.IsLarge = arena.generation == 0 || s.in.handed != nil
	}
	return code
}

// CloseSend says that no more messages will be sent.
func (s *Stream) CloseSend() {
	s.closed = true
	hostCloseSend(s.id)
}

// SendHeader sends the header of a server, once.
func (s *Stream) SendHeader(header []Pair) {
	meta := appendMeta(nil, header, 0)
	hostSendHeader(s.id, meta)
	runtime.KeepAlive(meta)
}

// Header waits for the header that the server sends, and no longer than ctx. It returns ErrOver if the call has ended without one.
func (s *Stream) Header(ctx context.Context) (header []Pair, err error) {
	var code uint32
	err = s.until(ctx, func() bool {
		var list [2]uint32
		code = hostHeader(s.id, &list)
		if code == streamDone {
			in := takeInbound()
			header, _ = parseMeta(inboundBytes(list[0], list[1]))
			keepAlive(in)
		}
		return code != streamBlocked
	})
	if err == nil && code == streamOver {
		err = ErrOver
	}
	return header, err
}

// End waits for the end of a call, and no longer than ctx. It returns nil for OK. What has been sent may still be received.
func (s *Stream) End(ctx context.Context) (st *Status, trailer []Pair, err error) {
	var code uint32
	err = s.until(ctx, func() bool {
		var list [2]uint32
		code = hostEnd(s.id, &list, s.problem.Pointer())
		if code != streamBlocked {
			in := takeInbound()
			_, trailer = parseMeta(inboundBytes(list[0], list[1]))
			if code == streamFailed {
				st = s.problem.At(streamPayload).status()
			}
			keepAlive(in)
		}
		return code != streamBlocked
	})
	return st, trailer, err
}

// Close ends the use of a stream that was opened. If the call has not ended, it is cancelled. It may be called more than once.
func (s *Stream) Close() {
	if streams[s.id] == s {
		s.forget()
		hostClose(s.id)
	}
}
