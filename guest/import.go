package guest

import (
	"context"
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
	ctx             context.Context
	closed          <-chan struct{}

	// call and its encoded metadata and options, all most often nil.
	call          *ClientCall
	meta, options []byte
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
	// Encoded, if there is any, goes out in its place: what [AppendPair] has made. It must not change during the call.
	Encoded []byte
	// Route is what [Route] has returned, and Options are for calls that have one.
	Route   uint32
	Options CallOptions
	// WaitForReady says that the call waits for a server that serves the method, if its function has stopped the last one.
	WaitForReady bool
	// MaxReply limits the size of the reply on the wire in bytes, for [CheckReply]; 0 is the default.
	MaxReply int
	// WantHeaders asks for Header and Trailer, which are set when the call returns.
	WantHeaders     bool
	Header, Trailer []Pair
}

// DepthKey is the key of the depth of a call in the context of its handler, a uint32. In a guest there is none.
type DepthKey struct{}

// Pairs returns the metadata, in either form.
func (c *ClientCall) Pairs() []Pair {
	if c.Encoded == nil {
		return c.Metadata
	}
	pairs, _ := parseMeta(c.Encoded)
	return pairs
}

// Invoke calls the method with args and sets reply, both pointers to generated messages. It returns nil for OK. call may be
// nil, which is the fast path: no deadline, no metadata, no interest in headers. The call ends when ctx does,
// or when closed is closed: its connection.
func (i *Import) Invoke(ctx context.Context, closed <-chan struct{}, call *ClientCall, args, reply any) *Status {
	c := i.idle
	if c == nil {
		c = i.newCall()
	} else {
		i.idle = c.next
	}
	if c.scratch.used > 0 {
		c.scratch.reset()
	}
	c.ctx, c.closed = ctx, closed
	if call != nil {
		c.setContext(call)
	}
	if control.arenaEnd-control.arenaNext < reserve {
		replenish(reserve, smallChunk)
	}
	st := i.invoke(c, args, reply)
	runtime.KeepAlive(args)
	if c.call != nil {
		c.call, c.meta, c.options = nil, nil, nil
	}
	if arena.generation == 0 || c.in.handed != nil {
		c.in = unrooted // too much memory to keep
		if st == nil && CheckReply != nil {
			st = CheckReply(call, reply)
		}
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
	if call.WantHeaders {
		c.in = unrooted // so that take is called
	}
	if c.meta = call.Encoded; c.meta == nil && len(call.Metadata) > 0 {
		c.meta = appendMeta(nil, call.Metadata, 0)
	}
	if call.Route != 0 && len(call.Options) > 0 {
		c.options = appendMeta(nil, call.Options, 0)
	}
}

// CheckReply is called for replies that are not small, say over 16 KB: a limit of megabytes needs no look at others. call may be nil.
var CheckReply func(call *ClientCall, reply any) *Status

// Request is the record of the request.
func (c *ImportCall) Request() Record { return c.request }

// Scratch is for what does not fit in the record of the request.
func (c *ImportCall) Scratch() *Scratch { return &c.scratch }

// Result is the record of the result.
func (c *ImportCall) Result() Record { return c.result }

// Leave is called when the request has been lowered. It reports whether the method's import is to be called; a call that has a route
// has been made. From here until the host has been called nothing may allocate: another goroutine could take the control block.
func (c *ImportCall) Leave() bool { return c.call == nil || c.leaveWithContext() }

func (c *ImportCall) leaveWithContext() bool {
	control.outDeadline = c.call.Deadline
	control.outMetaPtr, control.outMetaLen = bytesAddress(c.meta), uint32(len(c.meta))
	if c.call.WantHeaders {
		control.outFlags = outWantHeaders
	}
	if c.call.WaitForReady {
		control.outFlags |= outWaitsForReady
	}
	if c.call.Route == 0 {
		return true
	}
	hostCall(c.call.Route, c.method.FullMethod, c.request.Pointer(), c.result.Pointer(), c.options)
	return false
}

// Return is called when the host has returned, before anything is allocated. It waits if the call goes on, and returns a status if
// there will be no result.
func (c *ImportCall) Return() *Status {
	if control.pending != 0 || c.in.chunk != arena.chunk || arena.handed != nil {
		return c.returnRarely()
	}
	return nil
}

// returnRarely is apart so that Return is inlined.
func (c *ImportCall) returnRarely() *Status {
	if control.pending != 0 {
		if st := c.await(); st != nil {
			return st
		}
	}
	if c.in.chunk != arena.chunk || arena.handed != nil {
		c.take()
	}
	return nil
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

// Mismatch returns the status of a call with a request that the bindings do not know, and MismatchedReply that of one with such a
// reply.
func (c *ImportCall) Mismatch(m any) *Status        { return notSent(c.method.FullMethod, m) }
func (c *ImportCall) MismatchedReply(m any) *Status { return notReceived(c.method.FullMethod, m) }

// NotLowered returns the status of a call whose request cannot be lowered, and NotLifted that of one whose reply cannot be lifted.
func (c *ImportCall) NotLowered(err error) *Status { return notLowered(err) }
func (c *ImportCall) NotLifted(err error) *Status  { return notLifted(err) }

func bytesAddress(b []byte) uint32 { return address(unsafe.Pointer(unsafe.SliceData(b))) }
