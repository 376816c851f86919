package guest

import (
	"context"
	"runtime"
	"unsafe"
)

// Export is a method that this guest can serve. Generated bindings make one per method; the grpc stub binds a handler to
// it when the function registers its service.
type Export struct {
	// FullMethod is "/package.Service/Method".
	FullMethod string

	frame           uintptr // size of the parameters and the result of the exported function
	result, payload uint32  // size of the result and offset of the reply in it
	lift            LiftFunc
	lower           LowerFunc
	handler         Handler
	call            *ServerCall

	generated  string // the name of the handler that direct stands for
	makeDirect func(impl any) DirectHandler
}

// Handler serves calls of one method.
type Handler interface {
	// Serve serves one call. It lowers the reply with [ServerCall.Lower], or a [DirectHandler] does, or it returns a status
	// that is not OK. It may not keep c.
	Serve(c *ServerCall) *Status
}

// DirectHandler calls an implementation without the handler in the generated code, whose messages are of any type: it lifts
// the request, calls the method and lowers the reply.
type DirectHandler interface {
	// Serve serves one call. It returns the error of the method. It may not keep c.
	Serve(ctx context.Context, c *ServerCall) error
}

var exports []*Export

// NewExport declares a method. frame is the size of what its exported function has on the stack: parameters and result, as in a
// struct. result is the size of its result<reply, status> in bytes, payload the offset of the reply
// in it; lift is for requests and lower for replies.
func NewExport(fullMethod string, frame uintptr, result, payload uint32, lift LiftFunc, lower LowerFunc) *Export {
	e := &Export{FullMethod: fullMethod, frame: frame, result: result, payload: payload, lift: lift, lower: lower, handler: unregistered{}}
	e.call = e.newCall()
	exports = append(exports, e)
	return e
}

// WithDirect declares that serving a call with the DirectHandler that make returns for an implementation does what the
// generated handler does, as long as there is no interceptor. generated is the handler's name, as [runtime.Func] has it. make
// returns nil for an implementation of another type.
func (e *Export) WithDirect(generated string, make func(impl any) DirectHandler) *Export {
	e.generated, e.makeDirect = generated, make
	return e
}

// Direct returns what may serve in place of a handler that has no interceptor, or nil if only the handler itself may. handler
// is the handler's name: one that was put in place of the generated one has another.
func (e *Export) Direct(handler string, impl any) DirectHandler {
	if e.makeDirect == nil || handler != e.generated {
		return nil
	}
	return e.makeDirect(impl)
}

// FindExport returns the export of that name, or nil if the function exports no such method.
func FindExport(fullMethod string) *Export {
	for _, e := range exports {
		if e.FullMethod == fullMethod {
			return e
		}
	}
	return nil
}

// Bind makes h the handler of the method. Calls before Bind are answered with Unimplemented.
func (e *Export) Bind(h Handler) { e.handler = h }

// The gRPC status codes that this package itself gives out.
const (
	codeCanceled         = 1
	codeDeadlineExceeded = 4
	codeUnimplemented    = 12
	codeInternal         = 13
)

// ServerCall is a call that is being served. It is reused after the handler has returned.
type ServerCall struct {
	export  *Export
	busy    bool
	result  frame
	payload Record // of the result
	scratch Scratch
	request Record
	spill   [32]uint64 // the record of a request that arrived in core parameters
	decoder func(any) error
	stream  uint32 // the host's number of the stream of a streaming call

	// in roots the request. From one call to the next it stays, while there is nothing but the same chunk.
	in inbound
	// generation is that of the chunk that holds all data of the request, or 0 if there is none.
	generation uint32

	// large says that the data of the request, if there is any, is not in a small chunk.
	large bool

	// canceller is told that nobody waits for the call any more.
	canceller Canceller
	// kept says that the call is not the one that the host has begun last, and hasMetadata what the control block said of it.
	kept, hasMetadata bool

	// rare says that there is something to do when the handler has returned.
	rare            bool
	metadata        []Pair
	header, trailer []Pair

	// reply and meta root what the result refers to until the call struct is used again.
	reply any
	meta  []byte
	// st roots the strings of a status in the result.
	st *Status
}

// Enter begins a call whose request arrived in core parameters: the generated export stores them in Request and calls
// Serve.
func (e *Export) Enter() *ServerCall {
	if e.call.busy {
		return e.enterAnew()
	}
	return e.call
}

// enterAnew is Enter for a call in the middle of another of the same method.
func (e *Export) enterAnew() *ServerCall {
	in := takeInbound() // before anything is allocated
	c := e.newCall()
	for ; in.handed != nil; in.handed = in.handed.next {
		hand(in.handed.block)
	}
	if in.chunk != arena.chunk {
		hand(in.chunk)
	}
	return c
}

func (e *Export) newCall() *ServerCall {
	c := &ServerCall{export: e, result: newFrame(e.result)}
	c.payload = c.result.record.At(uintptr(e.payload))
	c.request = Record{unsafe.Pointer(&c.spill)}
	// A literal and not the method value c.decode, which would call twice.
	c.decoder = func(m any) error {
		err := c.export.lift(c.request, m)
		keepAlive(c.in)
		switch err {
		case nil:
			return nil
		case ErrType:
			return statusError(notReceived(c.export.FullMethod, m))
		default:
			return c.NotLifted(err)
		}
	}
	return c
}

// EnterAt begins a call whose request is a record at an address in the inbound arena.
func (e *Export) EnterAt(addr uint32) *ServerCall {
	c := e.Enter()
	c.request = Record{pointer(addr)}
	return c
}

// Request is the record of the request.
func (c *ServerCall) Request() Record { return c.request }

// Serve runs the handler and returns the record of the result, which is valid until the guest is entered again.
func (c *ServerCall) Serve() Record {
	c.busy = true
	if port.call != c { // most often it is, and a pointer costs more to store than to compare
		port.call = c
	}
	left := port.left
	if arena.turn--; arena.turn < 0 || c.in.chunk != arena.chunk {
		c.prepare()
	}
	if c.scratch.used > 0 {
		c.scratch.reset()
	}
	if st := c.export.handler.Serve(c); st != nil || c.rare {
		c.finish(st)
	}
	if port.left != left {
		c.finishLate(left + 1)
	}
	// Before the host reads the result nothing can run in this guest, so the next call may have c already.
	c.busy = false
	return c.result.record
}

// prepare roots the request, and does what is not due in every call.
func (c *ServerCall) prepare() {
	c.in, c.generation = takeInbound(), arena.generation
	if c.in.handed != nil {
		c.generation = 0
	}
	c.large = c.generation == 0 && (c.in.chunk != nil || c.in.handed != nil)
	if c.generation == 0 {
		c.rare = true // too much memory to keep
	}
	if c.st != nil {
		// The last result was a status, of which nothing may be seen in this one.
		c.result.clear()
		c.st = nil
	}
	if arena.turn < 0 {
		arena.turn = callsPerTurn
		runtime.Gosched()
	}
}

// finish makes st the result, unless it is nil, and passes header and trailer on.
func (c *ServerCall) finish(st *Status) {
	c.in, c.rare = unrooted, false // so that prepare is called
	if st != nil {
		c.result.clear()
		c.result.record.PutU8(0, 1)
		c.payload.putStatus(&c.scratch, st)
		c.reply, c.st = nil, st
	}
	if c.header != nil || c.trailer != nil {
		c.meta = appendMeta(appendMeta(nil, c.header, 0), c.trailer, metaTrailer)
		control.replyMetaPtr, control.replyMetaLen = bytesAddress(c.meta), uint32(len(c.meta))
	}
	c.header, c.trailer, c.metadata = nil, nil, nil
}

// keep makes the call independent of what the host says of the next one: its export is about to be left.
func (c *ServerCall) keep() {
	c.hasMetadata = c.HasMetadata()
	c.Metadata()
	c.kept, c.rare = true, true
	if c.export.call == c {
		c.export.call = c.export.newCall()
	}
}

// finishLate ends a call whose export was left. Its goroutine has nobody to return to.
func (c *ServerCall) finishLate(id uint32) {
	delete(port.waiting, id)
	hostFinish(id, c.result.record.Pointer())
	runtime.Goexit()
}

// unregistered is the handler of a method that no server has.
type unregistered struct{}

func (unregistered) Serve(c *ServerCall) *Status {
	return &Status{Code: codeUnimplemented, Message: "method " + c.export.FullMethod + " is not registered with a server"}
}

// Lower makes reply the result. It returns a status if reply is of another type than the export was generated for, or cannot
// be lowered.
func (c *ServerCall) Lower(reply any) *Status {
	c.reply = reply
	switch err := c.export.lower(&c.scratch, c.payload, reply); err {
	case nil:
		return nil
	case ErrType:
		return notSent(c.export.FullMethod, reply)
	default:
		return notLowered(err)
	}
}

// Reply is the record of the reply, to which a [DirectHandler] lowers it, and to Scratch. The reply is kept until the host has
// read the result.
func (c *ServerCall) Reply(reply any) Record {
	c.reply = reply
	return c.payload
}

// Scratch is for what does not fit in the record of the reply.
func (c *ServerCall) Scratch() *Scratch { return &c.scratch }

// NotLifted returns the error of a request that cannot be lifted, and NotLowered that of a reply that cannot be lowered, with
// which a [DirectHandler] ends the call.
func (c *ServerCall) NotLifted(err error) error  { return statusError(notLifted(err)) }
func (c *ServerCall) NotLowered(err error) error { return statusError(notLowered(err)) }

// Depth is 0: how deep calls nest is for the host to know.
func (c *ServerCall) Depth() uint32 { return 0 }

// IsLarge reports that the request may not be small, say over 16 KB, so that a limit of megabytes may matter.
func (c *ServerCall) IsLarge() bool { return c.large }

// Decoder returns the function that lifts the request into a message. It is made once per ServerCall, so it costs nothing.
func (c *ServerCall) Decoder() func(m any) error { return c.decoder }

// Deadline is the deadline of the call in Unix nanoseconds, or 0.
func (c *ServerCall) Deadline() int64 { return control.inDeadline }

// HasMetadata says whether the caller sent metadata, without fetching it.
func (c *ServerCall) HasMetadata() bool {
	if c.kept {
		return c.hasMetadata
	}
	return control.inFlags&inHasMetadata != 0
}

// WaitsForReady says whether the caller waits for a server that serves the method. It is to be asked before anything else.
func (c *ServerCall) WaitsForReady() bool { return control.inFlags&inWaitsForReady != 0 }

// Canceller is the context of a call.
type Canceller interface {
	// Cancel says that nobody waits for the call any more.
	Cancel()
}

// AnswerWatcher waits for the answer of a call to be sent.
type AnswerWatcher interface {
	// Answered says that it was sent, or that nobody will get it any more.
	Answered()
}

// cancel says that nobody waits for the call any more. c may be nil.
func (c *ServerCall) cancel() {
	if c != nil && c.canceller != nil {
		c.canceller.Cancel()
	}
}

// OnCancel makes known what is to be cancelled with the call.
func (c *ServerCall) OnCancel(ctx Canceller) { c.canceller = ctx }

// OnAnswer reports false: a guest need not wait for its answers to be sent, since the host takes them.
func (*ServerCall) OnAnswer(AnswerWatcher) bool { return false }

// Metadata returns the caller's metadata; the first call fetches it from the host.
func (c *ServerCall) Metadata() []Pair {
	if c.metadata == nil && c.HasMetadata() {
		c.metadata, c.rare = fetchMetadata(), true
	}
	return c.metadata
}

// SetHeader replaces the header that goes out with the result.
func (c *ServerCall) SetHeader(p []Pair) { c.header, c.rare = p, true }

// SetTrailer replaces the trailer that goes out with the result.
func (c *ServerCall) SetTrailer(p []Pair) { c.trailer, c.rare = p, true }
