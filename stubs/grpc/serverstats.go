package grpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// statsHandlers are the stats handlers of a server or a client connection. nil means that there are none, which is what
// the hot paths check.
type statsHandlers []stats.Handler

func (hs statsHandlers) tag(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	for _, h := range hs {
		ctx = h.TagRPC(ctx, info)
	}
	return ctx
}

func (hs statsHandlers) handle(ctx context.Context, s stats.RPCStats) {
	for _, h := range hs {
		h.HandleRPC(ctx, s)
	}
}

// begin tells of a client's call that is about to begin. It returns the context of the call.
func (hs statsHandlers) begin(ctx context.Context, method string, desc *StreamDesc, failFast bool) (context.Context, *stats.Begin) {
	ctx = hs.tag(ctx, &stats.RPCTagInfo{FullMethodName: method, FailFast: failFast})
	begin := &stats.Begin{
		Client:         true,
		BeginTime:      time.Now(),
		FailFast:       failFast,
		IsClientStream: desc.ClientStreams,
		IsServerStream: desc.ServerStreams,
	}
	hs.handle(ctx, begin)
	return ctx, begin
}

// end tells of the end of a client's call.
func (hs statsHandlers) end(ctx context.Context, begin *stats.Begin, trailer metadata.MD, err error) {
	hs.handle(ctx, &stats.End{
		Client:    true,
		BeginTime: begin.BeginTime,
		EndTime:   time.Now(),
		Trailer:   trailer,
		Error:     err,
	})
}

// framing is what gRPC adds to an encoded message.
const framing = 5

// encodedSize returns the size that m would have on the wire.
func encodedSize(m any) int {
	switch m := m.(type) {
	case protoadapt.MessageV2:
		return proto.Size(m)
	case protoadapt.MessageV1:
		return proto.Size(protoadapt.MessageV2Of(m))
	}
	return 0
}

func inPayload(client bool, m any) *stats.InPayload {
	n := encodedSize(m)
	return &stats.InPayload{
		Client: client, Payload: m, Length: n, CompressedLength: n, WireLength: n + framing, RecvTime: time.Now(),
	}
}

func outPayload(client bool, m any) *stats.OutPayload {
	n := encodedSize(m)
	return &stats.OutPayload{
		Client: client, Payload: m, Length: n, CompressedLength: n, WireLength: n + framing, SentTime: time.Now(),
	}
}

// serveWithStats calls the handler and tells the stats handlers, in the order of grpc-go's server.
func (m *boundMethod) serveWithStats(sctx *serverContext, call serverCall) (any, error) {
	ctx := m.stats.tag(sctx, &stats.RPCTagInfo{FullMethodName: m.fullMethod})
	m.stats.handle(ctx, &stats.InHeader{
		Header:     sctx.incoming().Copy(),
		FullMethod: m.fullMethod,
		RemoteAddr: localPeer.Addr,
		LocalAddr:  localPeer.LocalAddr,
	})
	begin := &stats.Begin{BeginTime: time.Now()}
	m.stats.handle(ctx, begin)

	decode := m.decoder(call)
	reply, err := m.handler(m.impl, ctx, func(req any) error {
		if err := m.exchange.in(req, m.messages(false), decode); err != nil {
			return err
		}
		m.stats.handle(ctx, inPayload(false, req))
		return nil
	}, m.interceptor)
	sent := reply
	if err == nil && !isNil(reply) {
		sent, err = m.exchange.out(reply, m.messages(true))
	}

	end := &stats.End{BeginTime: begin.BeginTime}
	header, trailer := sctx.outgoing()
	if err == nil || header != nil {
		m.stats.handle(ctx, &stats.OutHeader{Header: header})
	}
	if err == nil {
		m.stats.handle(ctx, outPayload(false, reply))
	} else {
		st, ok := status.FromError(err)
		if !ok {
			st = status.FromContextError(err)
		}
		end.Error = st.Err()
	}
	m.stats.handle(ctx, &stats.OutTrailer{Trailer: trailer})
	end.EndTime = time.Now()
	m.stats.handle(ctx, end)
	return sent, err
}

// outgoing returns the header and the trailer that the handler set, nil for none.
func (c *serverContext) outgoing() (header, trailer metadata.MD) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.extra; x != nil {
		if x.header != nil {
			header = mdFromPairs(x.header)
		}
		if x.trailer != nil {
			trailer = mdFromPairs(x.trailer)
		}
	}
	return header, trailer
}
