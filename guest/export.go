package guest

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// Export is a method that this guest can serve. Generated bindings make one per method; the grpc stub binds a handler to
// it when the function registers its service.
type Export struct {
	// FullMethod is "/package.Service/Method".
	FullMethod string

	result, payload uint32 // size of the result and offset of the reply in it
	lift            LiftFunc
	lower           LowerFunc
	handler         Handler
	idle            *ServerCall
}

// LiftFunc fills a message from its record. It returns false for a message of another type than it was generated for.
type LiftFunc func(r Record, m any) bool

// LowerFunc stores a message in its record, and what does not fit there in s. It returns false as a LiftFunc does.
type LowerFunc func(s *Scratch, r Record, m any) bool

// Handler serves one call. It returns the reply, or a status that is not OK. It may not keep c.
type Handler func(c *ServerCall) (reply any, st *Status)

var exports []*Export

// NewExport declares a method. result is the size of its result<reply, status> in bytes, payload the offset of the reply
// in it; lift is for requests and lower for replies.
func NewExport(fullMethod string, result, payload uint32, lift LiftFunc, lower LowerFunc) *Export {
	e := &Export{FullMethod: fullMethod, result: result, payload: payload, lift: lift, lower: lower}
	exports = append(exports, e)
	return e
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
	codeUnimplemented = 12
	codeInternal      = 13
)

// ServerCall is a call that is being served. It is reused after the handler has returned.
type ServerCall struct {
	export  *Export
	next    *ServerCall // in the list of idle ones
	result  frame
	payload Record // of the result
	scratch Scratch
	in      inbound
	request Record
	spill   [32]uint64 // the record of a request that arrived in core parameters
	decoder func(any) error

	deadline    int64
	hasMetadata bool
	metadata    []Pair

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
	in, deadline, flags := takeInbound(), control.inDeadline, control.inFlags
	c := e.idle
	if c == nil {
		c = e.newCall()
	} else {
		e.idle = c.next
	}
	c.in, c.deadline, c.hasMetadata = in, deadline, flags&inHasMetadata != 0
	return c
}

func (e *Export) newCall() *ServerCall {
	c := &ServerCall{export: e, result: newFrame(e.result)}
	c.payload = c.result.record.At(uintptr(e.payload))
	c.request = Record{unsafe.Pointer(&c.spill)}
	// A literal and not the method value c.decode, which would call twice.
	c.decoder = func(m any) error {
		ok := c.export.lift(c.request, m)
		keepAlive(c.in)
		if !ok {
			return errors.New(typeMismatch(c.export.FullMethod, m).Message)
		}
		return nil
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
	e := c.export
	if arena.turn--; arena.turn < 0 {
		arena.turn = callsPerTurn
		runtime.Gosched()
	}
	var reply any
	var st *Status
	if e.handler == nil {
		st = &Status{Code: codeUnimplemented, Message: "method " + e.FullMethod + " is not registered with a server"}
	} else {
		reply, st = e.handler(c)
	}
	if c.scratch.used > 0 {
		c.scratch.reset()
	}
	if c.st != nil {
		// The last result was a status, of which nothing may be seen in this one.
		c.result.clear()
	}
	if st == nil && !e.lower(&c.scratch, c.payload, reply) {
		st = typeMismatch(e.FullMethod, reply)
	}
	if st != nil {
		c.result.clear()
		c.result.record.PutU8(0, 1)
		c.payload.putStatus(&c.scratch, st)
	}
	c.reply, c.st = reply, st
	if c.header != nil || c.trailer != nil {
		c.meta = appendMeta(appendMeta(nil, c.header, 0), c.trailer, metaTrailer)
		control.replyMetaPtr, control.replyMetaLen = bytesAddress(c.meta), uint32(len(c.meta))
		c.header, c.trailer = nil, nil
	}
	c.in = inbound{}
	if c.metadata != nil {
		c.metadata = nil
	}
	// Before the host reads the result nothing can run in this guest, so c may be put back already.
	c.next = e.idle
	e.idle = c
	return c.result.record
}

// typeMismatch is the status of a call with messages that the bindings do not know.
func typeMismatch(fullMethod string, m any) *Status {
	return &Status{Code: codeInternal, Message: fmt.Sprintf("grpc: error while marshaling: %s was called with a %T, which is of another generated package than the one the function was generated for", fullMethod, m)}
}

// Decoder returns the function that lifts the request into a message. It is made once per ServerCall, so it costs nothing.
func (c *ServerCall) Decoder() func(m any) error { return c.decoder }

// Deadline is the deadline of the call in Unix nanoseconds, or 0.
func (c *ServerCall) Deadline() int64 { return c.deadline }

// HasMetadata says whether the caller sent metadata, without fetching it.
func (c *ServerCall) HasMetadata() bool { return c.hasMetadata }

// Metadata returns the caller's metadata; the first call fetches it from the host.
func (c *ServerCall) Metadata() []Pair {
	if c.hasMetadata && c.metadata == nil {
		c.metadata = fetchMetadata()
	}
	return c.metadata
}

// SetHeader replaces the header that goes out with the result.
func (c *ServerCall) SetHeader(p []Pair) { c.header = p }

// SetTrailer replaces the trailer that goes out with the result.
func (c *ServerCall) SetTrailer(p []Pair) { c.trailer = p }
