package isolate

import (
	"context"
	"fmt"
	"strings"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// UnaryHandler serves a call of a unary method. It returns the reply, or a status that is not OK, and may not keep c.
type UnaryHandler func(c *ServerCall) (reply any, st *guest.Status)

// StreamHandler serves a call of a streaming method. It returns nil for OK, and may keep neither c nor s.
type StreamHandler func(c *ServerCall, s *ServerStream) *guest.Status

// ServerCall is a call that is being served. It is never used again: what holds on to it does no harm to other calls.
type ServerCall struct {
	call            *channel.ServerCall
	header, trailer []guest.Pair
	answered        guest.AnswerWatcher
}

// Decoder returns the function that decodes the request into a message.
func (c *ServerCall) Decoder() func(m any) error { return c.decode }

func (c *ServerCall) decode(m any) error {
	if st := decode(c.call.Request, m); st != nil {
		return guest.StatusError(st)
	}
	return nil
}

// Deadline is the deadline of the call in Unix nanoseconds, or 0.
func (c *ServerCall) Deadline() int64 { return c.call.Deadline }

// HasMetadata says whether the caller sent metadata.
func (c *ServerCall) HasMetadata() bool { return len(c.call.Metadata) > 0 }

// Metadata returns the caller's metadata.
func (c *ServerCall) Metadata() []guest.Pair {
	header, _, _ := guest.ParsePairs(c.call.Metadata) // which serve has checked
	return header
}

// WaitsForReady says whether the caller waits for a server that serves the method.
func (c *ServerCall) WaitsForReady() bool { return c.call.Flags&protocol.WaitsForReady != 0 }

// IsLarge reports that the request is so large that a limit of megabytes may matter.
func (c *ServerCall) IsLarge() bool { return len(c.call.Request) > DefaultMaxReply }

// Depth is how many calls the call is in the middle of, 0 if it has come from outside.
func (c *ServerCall) Depth() uint32 { return c.call.Flags >> protocol.DepthShift }

// OnCancel makes known what is to be cancelled when nobody waits for the call any more.
func (c *ServerCall) OnCancel(ctx guest.Canceller) { c.call.OnCancel(ctx.Cancel) }

// OnAnswer makes known who is to be told when the answer was sent.
func (c *ServerCall) OnAnswer(w guest.AnswerWatcher) bool {
	c.answered = w
	return true
}

// end is called when the answer was sent.
func (c *ServerCall) end() {
	if c.answered != nil {
		c.answered.Answered()
	}
}

// SetHeader replaces the header that goes out with the result, and SetTrailer the trailer.
func (c *ServerCall) SetHeader(p []guest.Pair)  { c.header = p }
func (c *ServerCall) SetTrailer(p []guest.Pair) { c.trailer = p }

// serve serves a call of the host's, or of an isolate that may call some services only: those that are set in allowed.
func (r *Runtime) serve(call *channel.ServerCall, turns turns, allowed map[string]bool) {
	h, st := r.handlerOf(call, allowed)
	switch {
	case st != nil && call.Method == protocol.MethodTranscode && call.Stream == nil && allowed == nil:
		transcode(call, turns)
	case st != nil:
		refuse(call, st)
	case call.Stream == nil:
		serveUnary(call, turns, h.unary)
	default:
		serveStream(call, h.stream)
	}
}

// transcode serves the host, which knows none of the function's codecs.
func transcode(call *channel.ServerCall, turns turns) {
	t, err := protocol.ParseTranscoding(call.Request)
	if err != nil {
		refuse(call, &guest.Status{Code: codeInternal, Message: "grpc: " + err.Error()})
		return
	}
	out, st := guest.Transcode((*guest.Transcoding)(&t))
	if st != nil {
		refuse(call, st)
		return
	}
	if len(out.Data) > smallBuffer && turns.take(context.Background(), nil) {
		defer turns.give()
	}
	call.Reply(nil, nil, (*protocol.Transcoded)(&out).Append(nil))
}

// handlerOf returns who serves a call, or why nobody does: in grpc-go's words, where it is not the two sides who disagree.
func (r *Runtime) handlerOf(call *channel.ServerCall, allowed map[string]bool) (handler, *guest.Status) {
	bound := *r.bound.Load()
	h, ok := bound[call.Method]
	switch {
	case !ok || allowed != nil && !allowed[serviceOf(call.Method)]:
		return h, unserved(call.Method, bound, allowed)
	case (call.Stream != nil) != (h.stream != nil):
		return h, &guest.Status{Code: codeInternal, Message: "grpc: method " + call.Method + " was called as one of another kind: caller and callee are generated from different protos"}
	}
	if st := overdue(call.Deadline); st != nil {
		return h, st
	}
	if err := guest.CheckPairs(call.Metadata); err != nil {
		return h, &guest.Status{Code: codeInternal, Message: "grpc: " + err.Error()}
	}
	return h, nil
}

// unserved is the status of a call of a method that no server has.
func unserved(fullMethod string, bound map[string]handler, allowed map[string]bool) *guest.Status {
	path, slash := strings.CutPrefix(fullMethod, "/")
	i := strings.LastIndexByte(path, '/')
	if !slash || i < 0 {
		return &guest.Status{Code: codeUnimplemented, Message: fmt.Sprintf("malformed method name: %q", fullMethod)}
	}
	service, method := path[:i], path[i+1:]
	if allowed == nil || allowed[service] {
		for name := range bound {
			if serviceOf(name) == service {
				return &guest.Status{Code: codeUnimplemented, Message: fmt.Sprintf("unknown method %s for service %s", method, service)}
			}
		}
	}
	return &guest.Status{Code: codeUnimplemented, Message: "unknown service " + service}
}

// refuse ends a call that is not served.
func refuse(call *channel.ServerCall, st *guest.Status) {
	if call.Stream != nil {
		call.Stream.End(encodeStatus(st), nil)
	} else {
		call.Reply(encodeStatus(st), nil, nil)
	}
}

// serveUnary serves a unary call. That the result cannot be sent is for the other end to know: the call is over in any case.
func serveUnary(call *channel.ServerCall, turns turns, serve UnaryHandler) {
	c := &ServerCall{call: call}
	defer c.end()
	reply, st := serve(c)
	var payload []byte
	if st == nil {
		var b *buffer
		var m measured
		if m, st = measure(reply); st == nil {
			if m.isLarge() && turns.take(context.Background(), nil) {
				defer turns.give()
			}
			if b, st = m.encode(); st == nil {
				defer b.free()
				payload = b.bytes
			}
		}
	}
	var meta []byte
	if call.Flags&protocol.WantsHeaders != 0 {
		meta = guest.AppendPairs(guest.AppendPairs(nil, c.header, false), c.trailer, true)
	}
	if err := call.Reply(encodeStatus(st), meta, payload); err == channel.ErrMetadata {
		call.Reply(encodeStatus(failure(err, "")), nil, nil)
	}
}
