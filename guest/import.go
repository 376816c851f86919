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
	lower                    LowerFunc
	call                     func(request, result Record)
	lift                     LiftFunc
	idle                     *importCall
}

// importCall is what a call in progress needs.
type importCall struct {
	request, result frame
	scratch         Scratch
	next            *importCall // in the list of idle ones
}

var imports []*Import

// NewImport declares a method. request and result are the sizes of its records in bytes, payload is the offset of the reply
// in the result; lower is for requests and lift for replies; call passes the records to the host.
func NewImport(fullMethod string, request, result, payload uint32, lower LowerFunc, call func(request, result Record), lift LiftFunc) *Import {
	i := &Import{FullMethod: fullMethod, request: request, result: result, payload: payload, lower: lower, call: call, lift: lift}
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
		c = &importCall{request: newFrame(i.request), result: newFrame(i.result)}
	} else {
		i.idle = c.next
		if c.scratch.used > 0 {
			c.scratch.reset()
		}
	}
	request, result := c.request.record, c.result.record
	var st *Status
	switch {
	case !i.lower(&c.scratch, request, args):
		st = typeMismatch(i.FullMethod, args)
	case call != nil:
		st = i.invokeWith(call, request, result, args, reply)
	default:
		if control.arenaEnd-control.arenaNext < reserve {
			replenish(reserve, smallChunk)
		}
		i.call(request, result)
		in := takeInbound()
		runtime.KeepAlive(args)
		if result.U8(0) != 0 || !i.lift(result.At(uintptr(i.payload)), reply) {
			st = i.failed(result, reply)
		}
		keepAlive(in)
	}
	c.next = i.idle
	i.idle = c
	return st
}

// invokeWith is the part of Invoke in which a context makes a difference.
func (i *Import) invokeWith(call *ClientCall, request, result Record, args, reply any) *Status {
	var meta []byte
	if len(call.Metadata) > 0 {
		meta = appendMeta(nil, call.Metadata, 0)
	}
	replenish(reserve, smallChunk)
	// From here to the call nothing may allocate: another goroutine could take the control block.
	control.outDeadline = call.Deadline
	control.outMetaPtr, control.outMetaLen = bytesAddress(meta), uint32(len(meta))
	if call.WantHeaders {
		control.outFlags = outWantHeaders
	}
	i.call(request, result)
	in := takeInbound()
	if call.WantHeaders {
		addr, n := control.replyMetaPtr, control.replyMetaLen
		control.replyMetaPtr, control.replyMetaLen = 0, 0
		call.Header, call.Trailer = parseMeta(inboundBytes(addr, n))
	}
	runtime.KeepAlive(args)
	runtime.KeepAlive(meta)
	var st *Status
	if result.U8(0) != 0 || !i.lift(result.At(uintptr(i.payload)), reply) {
		st = i.failed(result, reply)
	}
	keepAlive(in)
	return st
}

// failed returns the status of a call whose result is an error, or a reply that could not be lifted.
func (i *Import) failed(result Record, reply any) *Status {
	if result.U8(0) != 0 {
		return result.At(uintptr(i.payload)).status()
	}
	return typeMismatch(i.FullMethod, reply)
}

func bytesAddress(b []byte) uint32 { return address(unsafe.Pointer(unsafe.SliceData(b))) }
