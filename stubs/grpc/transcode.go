package grpc

import (
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

func init() { guest.Transcode = transcode }

// transcode does what grpc-go's server does with the bytes of a call whose content-subtype is not that of protobuf. The codec is that of
// the server, if it has one, or else what is registered; with neither the message is protobuf.
func transcode(t *guest.Transcoding) (guest.Transcoded, *guest.Status) {
	bound.mu.Lock()
	b := bound.methods[t.Method]
	bound.mu.Unlock()
	var codec messageCodec
	if b.server != nil {
		codec = b.server.opts.codec
	}
	if codec == nil {
		if codec, _ = codecFor(t.Codec); codec == nil { // there is none, or it is protobuf's
			return guest.Transcoded{}, nil
		}
	}
	m := messages{t.Method, t.Reply}.registered()
	if m == nil {
		return guest.Transcoded{}, statusOf(status.Errorf(codes.Internal, "grpc: codec %s: no message type is registered for %s", t.Codec, t.Method))
	}
	from, to, failure := codec, protobuf, notUnmarshaled
	if t.Reply {
		from, to, failure = protobuf, codec, notMarshaled
	}
	err := from.Unmarshal(t.Data, m)
	var data []byte
	if err == nil {
		data, err = to.Marshal(m)
	}
	if err != nil {
		return guest.Transcoded{}, statusOf(failure(err))
	}
	return guest.Transcoded{Data: data, Done: true}, nil
}
