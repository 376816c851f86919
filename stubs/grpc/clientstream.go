package grpc

import (
	"context"
	"io"
	"sync"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// clientStream is the [ClientStream] of a call.
type clientStream struct {
	cc        *ClientConn
	desc      *StreamDesc
	method    string
	transport transport
	isLarge   *bool // of the transport, about the message that was received last
	maxRecv   int
	opts      []CallOption
	// ctx is done when the call is, and tagged is what stats handlers made of it.
	ctx, tagged context.Context
	cancel      context.CancelFunc
	begin       *stats.Begin // nil without stats handlers
	exchange    *exchange    // nil if there is nothing to do with messages
	rare        bool         // there is something to do with messages beside passing them on

	sentLast bool // no message may be sent any more
	received bool // the one message of a call that has no more

	over coop.Bool // the transport is closed, and err set
	// finishing is held while the call is brought to its end. Who waits for it knows that options have got what they are to get.
	finishing sync.Mutex
	mu        sync.Mutex
	// err is what RecvMsg returns from now on, nil as long as the call goes on. It is set once. The fields down to stop are guarded
	// by mu.
	err                   error
	header, trailer       []guest.Pair
	hasHeader, hasTrailer bool        // they have come
	stop                  func() bool // ends the watch of ctx; nil if there is none

	prev, next *clientStream // of the connection's list
}

// openStream begins a call.
func (cc *ClientConn) openStream(ctx context.Context, desc *StreamDesc, method string, opts []CallOption) (*clientStream, error) {
	open, nobody, err := cc.beginStream(ctx, method)
	if err != nil {
		return nil, err
	}
	mc := cc.config.method(method)
	info, err := newCallInfo(opts, mc)
	if err != nil {
		return nil, err
	}
	s := &clientStream{cc: cc, desc: desc, method: method, opts: opts, exchange: info.exchange, maxRecv: info.maxRecv}
	s.ctx, s.cancel = context.WithCancel(ctx)
	watched := ctx.Done() != nil
	if mc.Timeout != nil {
		s.ctx, s.cancel = withTimeout(ctx, mc)
	}
	s.tagged = s.ctx
	if handlers := cc.opts.stats; handlers != nil {
		s.tagged, s.begin = handlers.begin(s.ctx, method, desc, info.failFast)
	}
	s.rare = s.begin != nil || s.exchange != nil
	var call guest.ClientCall
	err = cc.prepare(s.tagged, &call, method, info)
	if err == nil && nobody != nil {
		err = errorFromGuest(nobody.fail(s.ctx, cc.closed, call.WaitForReady))
	}
	if err == nil {
		call.MaxReply = info.maxReply
		s.transport = open(s.tagged, &call)
		s.isLarge = mayBeLarge(s.transport)
		if err = cc.add(s); err != nil {
			s.transport.Close()
		}
	}
	if err != nil {
		if s.begin != nil {
			cc.opts.stats.end(s.tagged, s.begin, nil, err)
		}
		s.cancel()
		return nil, err
	}
	if watched {
		s.mu.Lock()
		s.stop = context.AfterFunc(s.ctx, func() { s.finish(toRPCError(s.ctx.Err())) })
		s.mu.Unlock()
	}
	return s, nil
}

// beginStream is begin for a streaming call. It returns how to open it, or that there is nobody to.
func (cc *ClientConn) beginStream(ctx context.Context, method string) (opener, *unreachable, error) {
	open := findStreamImport(method)
	if open == nil {
		imp, err := cc.begin(ctx, method)
		switch imp := imp.(type) {
		case rejected:
			return imp.open, nil, err
		case *unreachable:
			return nil, imp, err
		}
		return func(_ context.Context, call *guest.ClientCall) transport { return newUnaryTransport(imp, call) }, nil, err
	}
	if err := cc.use(); err != nil {
		return nil, nil, err
	}
	return cc.routedOpener(open, method), nil, toRPCError(ctx.Err())
}

// Context implements ClientStream.
func (s *clientStream) Context() context.Context {
	return context.WithValue(s.tagged, callctx.Peer{}, localPeer)
}

// SendMsg implements ClientStream.
func (s *clientStream) SendMsg(m any) error {
	if s.sentLast {
		err := status.Error(codes.Internal, "SendMsg called after CloseSend")
		s.finish(err)
		return err
	}
	if !s.desc.ClientStreams {
		return s.sendOnly(m)
	}
	return s.send(m)
}

// send sends a message. io.EOF says that the call is over.
func (s *clientStream) send(m any) error {
	sent := m
	if s.rare || m == nil {
		var err error
		if sent, err = s.exchange.out(m, messages{method: s.method}); err != nil {
			s.finish(err)
			return err
		}
	}
	if s.over.Load() {
		return io.EOF
	}
	switch err := s.transport.Send(s.ctx, sent); err {
	case nil:
		if s.begin != nil {
			s.cc.opts.stats.handle(s.tagged, outPayload(true, m))
		}
		return nil
	case guest.ErrOver, context.Canceled, context.DeadlineExceeded:
		return io.EOF
	default:
		s.finish(err)
		return err
	}
}

// sendOnly sends the one message of a call that has no more. That the call is over is for RecvMsg to say.
func (s *clientStream) sendOnly(m any) error {
	s.sentLast = true
	switch err := s.send(m); err {
	case nil:
		s.transport.CloseSend()
		return nil
	case io.EOF:
		return nil
	default:
		return err
	}
}

// CloseSend implements ClientStream.
func (s *clientStream) CloseSend() error {
	if !s.sentLast {
		s.sentLast = true
		if !s.over.Load() {
			s.transport.CloseSend()
		}
	}
	return nil
}

// plain implements plainStream.
func (s *clientStream) plain() *guest.Stream {
	return plainTransport(s.transport, s.rare)
}

// RecvMsg implements ClientStream.
func (s *clientStream) RecvMsg(m any) error {
	if s.over.Load() {
		return s.finish(nil)
	}
	if err := s.recv(m); err != nil {
		return s.noMessage(err)
	}
	if s.desc.ServerStreams {
		return nil
	}
	// It must be the only one.
	s.received = true
	err := s.transport.Recv(s.ctx, m)
	if err == nil {
		return s.finish(status.Error(codes.Internal, "cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message"))
	}
	if err = s.noMessage(err); err == io.EOF {
		return nil
	}
	return err
}

func (s *clientStream) recv(m any) error {
	if !s.rare {
		return s.take(m)
	}
	err := s.exchange.in(m, messages{s.method, true}, s.take)
	if err == nil && s.begin != nil {
		s.lookForHeader(s.ctx)
		s.cc.opts.stats.handle(s.tagged, inPayload(true, m))
	}
	return err
}

// take receives a message that is not too large.
func (s *clientStream) take(m any) error {
	if err := s.transport.Recv(s.ctx, m); err != nil || !*s.isLarge || isLow(s.maxRecv) {
		return err
	}
	return checkReceived(encodedSize(m), s.maxRecv)
}

// noMessage ends the call when there is no message to receive because of an error of the transport. It returns that of RecvMsg.
func (s *clientStream) noMessage(err error) error {
	if err := s.reason(); err != nil {
		return s.finish(err)
	}
	if err == io.EOF {
		st, trailer, unknown := s.transport.End(s.ctx)
		switch {
		case unknown != nil:
			err = unknown
		case st != nil:
			err = errorFromGuest(st)
		case !s.received && !s.desc.ServerStreams:
			err = status.Error(codes.Internal, "cardinality violation: received no response message from non-server-streaming RPC")
		}
		if unknown == nil {
			s.setTrailer(trailer)
		}
	}
	return s.finish(toRPCError(err))
}

// Header implements ClientStream. As in grpc-go there is no error: what is wrong is for RecvMsg to say.
func (s *clientStream) Header() (metadata.MD, error) {
	if !s.over.Load() {
		if err := s.lookForHeader(s.ctx); err != nil && err != errNotCalled {
			s.noMessage(err)
		}
	}
	return s.headerMD(), nil
}

// headerMD returns the header, nil if none has come.
func (s *clientStream) headerMD() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasHeader {
		return nil
	}
	return withContentType(mdFromPairs(s.header))
}

// Trailer implements ClientStream.
func (s *clientStream) Trailer() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	md := mdFromPairs(s.trailer)
	if s.hasTrailer && !s.hasHeader {
		md = withContentType(md)
	}
	return md
}

// lookForHeader waits for the header, and no longer than ctx.
func (s *clientStream) lookForHeader(ctx context.Context) error {
	s.mu.Lock()
	known := s.hasHeader
	s.mu.Unlock()
	if known {
		return nil
	}
	pairs, err := s.transport.Header(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	known = s.hasHeader
	s.header, s.hasHeader = pairs, true
	s.mu.Unlock()
	if !known && s.begin != nil {
		s.cc.opts.stats.handle(s.tagged, &stats.InHeader{Client: true, Header: s.headerMD()})
	}
	return nil
}

func (s *clientStream) setTrailer(pairs []guest.Pair) {
	s.lookForHeader(done)
	s.mu.Lock()
	s.trailer, s.hasTrailer = pairs, true
	s.mu.Unlock()
	if s.begin != nil {
		s.cc.opts.stats.handle(s.tagged, &stats.InTrailer{Client: true, Trailer: s.Trailer()})
	}
}

// done is a context that is.
var done = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// reason returns why the call is over or about to be, nil if it goes on.
func (s *clientStream) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// finish ends the call, for a reason, once. It returns the reason that counted: io.EOF for success. Whoever else calls it meanwhile waits.
func (s *clientStream) finish(err error) error {
	s.finishing.Lock()
	defer s.finishing.Unlock()
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return s.err
	}
	s.err = err
	s.mu.Unlock()

	s.lookForHeader(done) // while there is a transport to ask
	s.transport.Close()
	s.over.Store(true)
	s.cc.remove(s)
	s.mu.Lock()
	stop := s.stop
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	final := err
	if final == io.EOF {
		final = nil
	}
	if s.begin != nil {
		s.cc.opts.stats.end(s.tagged, s.begin, s.Trailer(), final)
	}
	if !isPlain(s.opts) {
		receiveOptions(s.opts, s.headerMD(), s.Trailer())
		finishOptions(s.opts, final)
	}
	s.cancel()
	return err
}
