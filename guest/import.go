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
	lower                    func(s *Scratch, r Record, m any) error
	call                     func(request, result Record)
	lift                     func(r Record, m any) error
	idle                     []*Scratch
}

var imports []*Import

// NewImport declares a method. request and result are the sizes of its records in bytes, payload is the offset of the reply
// in the result; lower and lift are for messages as in [NewExport]; call passes the records to the host.
func NewImport(fullMethod string, request, result, payload uint32, lower func(*Scratch, Record, any) error, call func(request, result Record), lift func(Record, any) error) *Import {
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
	var s *Scratch
	if n := len(i.idle); n > 0 {
		s = i.idle[n-1]
		i.idle = i.idle[:n-1]
		s.reset()
	} else {
		s = new(Scratch)
	}
	result := s.Record(i.result)
	request := s.Record(i.request)
	if err := i.lower(s, request, args); err != nil {
		i.idle = append(i.idle, s)
		return &Status{Code: codeInternal, Message: err.Error()}
	}
	replenish(reserve)
	var meta []byte
	if call != nil {
		if len(call.Metadata) > 0 {
			meta = appendMeta(nil, call.Metadata, 0)
		}
		// From here to the call nothing may allocate: another goroutine could take the control block.
		control.outDeadline = call.Deadline
		control.outMetaPtr, control.outMetaLen = bytesAddress(meta), uint32(len(meta))
		if call.WantHeaders {
			control.outFlags = outWantHeaders
		}
	}
	i.call(request, result)
	in := takeInbound()
	if call != nil && call.WantHeaders {
		addr, n := control.replyMetaPtr, control.replyMetaLen
		control.replyMetaPtr, control.replyMetaLen = 0, 0
		call.Header, call.Trailer = parseMeta(inboundBytes(addr, n))
	}
	runtime.KeepAlive(args)
	runtime.KeepAlive(meta)
	var st *Status
	if result.U8(0) != 0 {
		st = result.At(uintptr(i.payload)).status()
	} else if err := i.lift(result.At(uintptr(i.payload)), reply); err != nil {
		st = &Status{Code: codeInternal, Message: err.Error()}
	}
	keepAlive(in)
	i.idle = append(i.idle, s)
	return st
}

func bytesAddress(b []byte) uint32 { return address(unsafe.Pointer(unsafe.SliceData(b))) }

func recordOf(words *[32]uint64) Record { return Record{unsafe.Pointer(words)} }
