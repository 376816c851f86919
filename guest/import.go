package guest

import (
	"runtime"
	"unsafe"
)

// Import is a method that this guest calls on another function. Generated bindings make one per method; the grpc stub's
// client connections invoke it.
type Import struct {
	// FullMethod is "/package.Service/Method".
	FullMethod string

	request, result, payload uint32
	invoke                   InvokeFunc
	idle                     *ImportCall
}

// InvokeFunc lowers args to the request of c, passes it and the result to the host, between Leave and Return of c, and lifts the
// reply. It returns a status that is not OK, or nil.
type InvokeFunc func(c *ImportCall, args, reply any) *Status

// ImportCall is a call in progress. It is reused.
type ImportCall struct {
	method          *Import
	next            *ImportCall // in the list of idle ones
	request, result Record
	scratch         Scratch
	payload         uintptr // offset of the reply in the result

	// call and its encoded metadata, both most often nil.
	call *ClientCall
	meta []byte
	// in roots the reply. From one call to the next it stays, while there is nothing but the same chunk.
	in inbound
}

var imports []*Import

// NewImport declares a method. request and result are the sizes of its records in bytes, payload is the offset of the reply
// in the result.
func NewImport(fullMethod string, request, result, payload uint32, invoke InvokeFunc) *Import {
	i := &Import{FullMethod: fullMethod, request: request, result: result, payload: payload, invoke: invoke}
	imports = append(imports, i)
	return i
}

// FindImport returns the import of that name, or nil if the app has no exporter for it.
func FindImport(fullMethod string) *Import {
	for _, i := range imports {
		if i.FullMethod == fullMethod {
			return i
		}
	}
	return nil
}

// ClientCall is the context of an outgoing call, beside its messages.
type ClientCall struct {
	// Deadline is in Unix nanoseconds, 0 for none.
	Deadline int64
	// Metadata goes out with the call.
	Metadata []Pair
	// WantHeaders asks for Header and Trailer, which are set when the call returns.
	WantHeaders     bool
	Header, Trailer []Pair
}

// Invoke calls the method with args and sets reply, both pointers to generated messages. It returns nil for OK. call may be
// nil, which is the fast path: no deadline, no metadata, no interest in headers.
func (i *Import) Invoke(call *ClientCall, args, reply any) *Status {
	c := i.idle
	if c == nil {
		c = i.newCall()
	} else {
		i.idle = c.next
	}
	if c.scratch.used > 0 {
		c.scratch.reset()
	}
	if call != nil {
		c.setContext(call)
	}
	if control.arenaEnd-control.arenaNext < reserve {
		replenish(reserve, smallChunk)
	}
	st := i.invoke(c, args, reply)
	runtime.KeepAlive(args)
	if c.call != nil {
		c.call, c.meta = nil, nil
	}
	if arena.generation == 0 || c.in.handed != nil {
		c.in = unrooted // too much memory to keep
	}
	c.next = i.idle
	i.idle = c
	return st
}

func (i *Import) newCall() *ImportCall {
	return &ImportCall{
		method:  i,
		request: newFrame(i.request).record,
		result:  newFrame(i.result).record,
		payload: uintptr(i.payload),
	}
}

func (c *ImportCall) setContext(call *ClientCall) {
	c.call = call
	c.in = unrooted // so that take is called
	if len(call.Metadata) > 0 {
		c.meta = appendMeta(nil, call.Metadata, 0)
	}
}

// Request is the record of the request.
func (c *ImportCall) Request() Record { return c.request }

// Scratch is for what does not fit in the record of the request.
func (c *ImportCall) Scratch() *Scratch { return &c.scratch }

// Result is the record of the result.
func (c *ImportCall) Result() Record { return c.result }

// Leave is called when the request has been lowered. From here until the host has been called nothing may allocate: another
// goroutine could take the control block.
func (c *ImportCall) Leave() {
	if c.call != nil {
		c.leaveWithContext()
	}
}

func (c *ImportCall) leaveWithContext() {
	control.outDeadline = c.call.Deadline
	control.outMetaPtr, control.outMetaLen = bytesAddress(c.meta), uint32(len(c.meta))
	if c.call.WantHeaders {
		control.outFlags = outWantHeaders
	}
}

// Return is called when the host has returned, before anything is allocated.
func (c *ImportCall) Return() {
	if c.in.chunk != arena.chunk || arena.handed != nil {
		c.take()
	}
}

// Failed reports whether the result is a status and not a reply.
func (c *ImportCall) Failed() bool { return c.result.U8(0) != 0 }

// Reply is the record of the reply.
func (c *ImportCall) Reply() Record { return c.result.At(c.payload) }

// take roots the reply and takes the headers that came with it.
func (c *ImportCall) take() {
	c.in = takeInbound()
	if c.call != nil && c.call.WantHeaders {
		addr, n := control.replyMetaPtr, control.replyMetaLen
		control.replyMetaPtr, control.replyMetaLen = 0, 0
		c.call.Header, c.call.Trailer = parseMeta(inboundBytes(addr, n))
	}
}

// Status returns the status that there is in place of a reply.
func (c *ImportCall) Status() *Status { return c.result.At(c.payload).status() }

// Mismatch returns the status of a call with a message that the bindings do not know.
func (c *ImportCall) Mismatch(m any) *Status { return typeMismatch(c.method.FullMethod, m) }

// NotLowered returns the status of a call whose request cannot be lowered, and NotLifted that of one whose reply cannot be lifted.
func (c *ImportCall) NotLowered(err error) *Status { return notLowered(err) }
func (c *ImportCall) NotLifted(err error) *Status  { return notLifted(err) }

func bytesAddress(b []byte) uint32 { return address(unsafe.Pointer(unsafe.SliceData(b))) }
