package host

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outside is the client of a stream that is no guest. Its requests are read by one goroutine, and its replies written by another.
type outside struct {
	stream *stream
	client serverStream
	// woken is for the goroutine that writes, room for the one that reads.
	bells
}

// bells wake the two goroutines of an end of a stream that is not a guest: one takes messages, the other waits for room.
type bells struct{ woken, room chan struct{} }

func newBells() bells { return bells{make(chan struct{}, 1), make(chan struct{}, 1)} }

// wake implements waker.
func (b bells) wake() {
	for _, ch := range []chan struct{}{b.woken, b.room} {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// handleStream serves one streaming call from outside.
func (m *exportMethod) handleStream(_ any, ss grpc.ServerStream) error {
	ctx := ss.Context()
	cc := callContext{outside: ctx, deadline: deadlineOf(ctx)}
	f := &frontStream{ServerStream: ss}
	client := m.profile.stream(m.fn.host.profile).wire(f)
	if c := m.codecOf(ctx); c != nil {
		client = &codedStream{serverStream: client, ctx: ctx, codec: c}
	}
	m.serveStream(ctx, client, &cc)
	return f.err
}

// serveStream serves a streaming call in wire bytes, which ends with ctx.
func (m *exportMethod) serveStream(ctx context.Context, client serverStream, cc *callContext) {
	if m.fn.native != nil {
		relayStream(ctx, m.method, client, m.fn.native, cc)
		return
	}
	s := newStream(ctx, m.method)
	defer s.leave()
	o := &outside{stream: s, client: client, bells: newBells()}
	s.client, s.isOutside = o, true
	if !m.StreamingClient {
		// There is no need for a goroutine to read the one request.
		if err := o.read(); err != nil {
			client.end(noRequest(err), nil)
			return
		}
		s.closeQueue(&s.up)
	}
	inst, err := m.fn.pool.get(ctx, 0)
	if err != nil {
		client.end(callError(m.fn.name, err), nil)
		return
	}
	inst.front = cc.outside
	own := cc.own()
	m.fn.pool.runs.Add(1)
	go func() {
		defer m.fn.pool.runs.Done()
		s.serve(m, inst, own)
	}()
	if m.StreamingClient {
		m.fn.pool.runs.Go(o.readAll) // the guest may have to decode what it reads
	}
	client.end(o.writeAll(ctx))
}

// noRequest is how a call ends whose one request cannot be received.
func noRequest(err error) *status.Status {
	if errors.Is(err, io.EOF) {
		return status.New(codes.Internal, "cardinality violation: received no request message from non-client-streaming RPC") // grpc-go's words
	}
	return status.Convert(err)
}

// readAll passes requests on until the client says that there are no more, or the call is over.
func (o *outside) readAll() {
	for {
		switch err := o.read(); {
		case err == nil:
		case errors.Is(err, io.EOF):
			o.stream.closeQueue(&o.stream.up)
			return
		default:
			// The client has gone, which the context of the call says too, or it has sent what is no message.
			o.stream.leave()
			return
		}
	}
}

// read passes one request on.
func (o *outside) read() error {
	in, err := o.client.recv()
	if err != nil {
		return err
	}
	s := o.stream
	for {
		s.mu.Lock()
		state := s.mayPut(&s.up)
		s.mu.Unlock()
		switch state {
		case streamDone:
			// A copy: the buffers of whoever has received them are used again.
			wire := in.own()
			s.put(&s.up, &parcel{wire: wire, size: len(wire)})
			return nil
		case streamOver:
			in.free()
			return nil // and the reader hears it from the client
		}
		select {
		case <-o.room:
		case <-s.ctx.Done():
			s.mu.Lock()
			ended := s.ended
			s.mu.Unlock()
			if !ended {
				in.free()
				return s.ctx.Err()
			}
		}
	}
}

// writeAll sends header and replies, and returns how the call has ended.
func (o *outside) writeAll(ctx context.Context) (st *status.Status, trailer []byte) {
	s := o.stream
	headerSent := false
	var batch [maxBatch]*parcel
	for {
		n, state := s.take(&s.down, batch[:], batchBytes)
		if !headerSent {
			s.mu.Lock()
			header, has := s.header, s.hasHeader
			if !has {
				s.clientWaits = true
			}
			s.mu.Unlock()
			if has {
				headerSent = true
				if err := o.client.sendHeader(header, state == streamOver); err != nil {
					return status.Convert(err), nil
				}
			}
		}
		for _, m := range batch[:n] {
			if err := o.client.send(wireBytes(m.wire)); err != nil {
				return status.Convert(err), nil
			}
		}
		switch state {
		case streamBlocked:
			select {
			case <-o.woken:
			case <-ctx.Done():
				return status.FromContextError(ctx.Err()), nil
			}
		case streamOver:
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.st, s.trailer
		}
	}
}

// frontStream is a streaming call from outside as its server uses it.
type frontStream struct {
	grpc.ServerStream
	// err is how the call has ended.
	err error
}

func (f *frontStream) recv() (m wireMessage, err error) {
	err = f.RecvMsg(&m)
	return m, err
}

func (f *frontStream) send(m wireMessage) error {
	m = m.keep()
	return f.SendMsg(&m)
}

func (f *frontStream) sendHeader(meta []byte, over bool) error {
	header, _, err := parseMeta(meta)
	switch {
	case err != nil:
		return status.Error(codes.Internal, err.Error())
	case !over:
		return f.SendHeader(header)
	case header != nil:
		return f.SetHeader(header)
	default:
		return nil
	}
}

func (f *frontStream) end(st *status.Status, meta []byte) {
	f.err = st.Err()
	_, trailer, err := parseMeta(meta)
	switch {
	case err != nil:
		f.err = status.Error(codes.Internal, err.Error())
	case trailer != nil:
		f.SetTrailer(trailer)
	}
}
