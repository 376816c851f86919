package host

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// outside is the client of a stream that comes from outside. Its requests are read by one goroutine, and its replies written by
// another.
type outside struct {
	stream *stream
	grpc.ServerStream
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
	s := newStream(ctx, m.method)
	s.profile = m.profile.stream(m.fn.host.profile)
	defer s.leave()
	o := &outside{stream: s, ServerStream: ss, bells: newBells()}
	s.client, s.isOutside = o, true
	var cc callContext
	if deadline, ok := ctx.Deadline(); ok {
		cc.deadline = deadline.UnixNano()
	}
	if !m.StreamingClient {
		// There is no need for a goroutine to read the one request.
		if err := o.read(); err != nil {
			return err
		}
		s.closeQueue(&s.up)
	}
	inst, err := m.fn.pool.get(ctx, 0)
	if err != nil {
		return callError(m.fn.name, err).Err()
	}
	inst.front = ctx
	m.fn.pool.runs.Add(1)
	go func() {
		defer m.fn.pool.runs.Done()
		s.serve(m, inst, cc)
	}()
	if m.StreamingClient {
		go o.readAll()
	}
	return o.writeAll(ctx)
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
	var in wireRequest
	if err := o.RecvMsg(&in); err != nil {
		return err
	}
	defer in.free()
	s := o.stream
	for {
		s.mu.Lock()
		state := s.mayPut(&s.up)
		s.mu.Unlock()
		switch state {
		case streamDone:
			// A copy, because grpc-go uses its buffers again.
			wire := append([]byte(nil), in.bytes()...)
			s.put(&s.up, &parcel{wire: wire, size: len(wire)})
			return nil
		case streamOver:
			return nil // and the reader hears it from grpc-go
		}
		select {
		case <-o.room:
		case <-s.ctx.Done():
			s.mu.Lock()
			ended := s.ended
			s.mu.Unlock()
			if !ended {
				return s.ctx.Err()
			}
		}
	}
}

// writeAll sends header, replies and trailer, and returns how the call has ended.
func (o *outside) writeAll(ctx context.Context) error {
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
				if err := o.sendHeader(header, state == streamOver); err != nil {
					return err
				}
			}
		}
		for _, m := range batch[:n] {
			if err := o.SendMsg(&wireReply{m.wire}); err != nil {
				return err
			}
		}
		switch state {
		case streamBlocked:
			select {
			case <-o.woken:
			case <-ctx.Done():
				return status.FromContextError(ctx.Err()).Err()
			}
		case streamOver:
			return o.finish()
		}
	}
}

// sendHeader sends the header, or if the call is over, has it sent with the end.
func (o *outside) sendHeader(meta []byte, over bool) error {
	header, _, err := parseMeta(meta)
	switch {
	case err != nil:
		return status.Error(codes.Internal, err.Error())
	case !over:
		return o.SendHeader(header)
	case header != nil:
		return o.SetHeader(header)
	default:
		return nil
	}
}

// finish returns how the call has ended.
func (o *outside) finish() error {
	s := o.stream
	s.mu.Lock()
	st, meta := s.st, s.trailer
	s.mu.Unlock()
	_, trailer, err := parseMeta(meta)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if trailer != nil {
		o.SetTrailer(trailer)
	}
	return st.Err()
}
