package grpc

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// On the wire a unary call is a stream of one message each way, so grpc-go lets clients call unary methods with NewStream and
// streaming ones with Invoke. In a guest they are of different kinds, and this file has the one made of the other.

// streamedImport makes unary calls of a streaming method.
type streamedImport struct{ open opener }

func (i streamedImport) Invoke(ctx context.Context, closed <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	if call != nil {
		call.Metadata, call.Encoded = call.Pairs(), nil
	}
	st := i.invoke(ctx, call, args, reply)
	select {
	case <-closed:
		if st != nil && st.Code == uint32(codes.Canceled) {
			return statusOf(ErrClientConnClosing)
		}
	default:
	}
	return st
}

func (i streamedImport) invoke(ctx context.Context, call *guest.ClientCall, args, reply any) *guest.Status {
	t := i.open(ctx, call)
	defer t.Close()
	if err := t.Send(ctx, args); err != nil && err != guest.ErrOver {
		return statusOf(err)
	}
	t.CloseSend()
	first := t.Recv(ctx, reply)
	if first == nil {
		if st := checkReply(call, reply); st != nil {
			return st
		}
		switch err := t.Recv(ctx, reply); err {
		case nil:
			return guestError(codes.Internal, "cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message")
		case io.EOF:
		default:
			return statusOf(err)
		}
	} else if first != io.EOF {
		return statusOf(first)
	}
	st, trailer, err := t.End(ctx)
	if err != nil {
		return statusOf(err)
	}
	if call != nil && call.WantHeaders {
		call.Trailer = trailer
		call.Header, _ = t.Header(done)
	}
	if st == nil && first != nil {
		return guestError(codes.Internal, "cardinality violation: received no response message from non-server-streaming RPC")
	}
	return st
}

// statusOf returns the status of an error of a transport.
func statusOf(err error) *guest.Status { return istatus.ToGuest(status.Convert(toRPCError(err))) }

// unaryTransport is a stream to a unary method. It is called when the reply is received, for only then is there a message for it. So
// before that there is no header to wait for.
type unaryTransport struct {
	imp  importedMethod
	call guest.ClientCall

	mu      sync.Mutex
	request any           // what was sent first
	sent    int           // messages
	closed  bool          // by CloseSend
	last    chan struct{} // closed by CloseSend
	called  bool          // the call has been made, or is being made
	over    bool          // it has been made
	st      *guest.Status
}

// errNotCalled is the error of asking for a header too early.
var errNotCalled = errors.New("grpc: the call has not been made")

func newUnaryTransport(imp importedMethod, call *guest.ClientCall) *unaryTransport {
	t := &unaryTransport{imp: imp, call: *call, last: make(chan struct{})}
	t.call.WantHeaders = true
	return t
}

func (t *unaryTransport) Send(_ context.Context, m any) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.called {
		return guest.ErrOver
	}
	if t.sent++; t.sent == 1 {
		t.request = m
	}
	return nil
}

func (t *unaryTransport) CloseSend() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.last)
	}
}

func (t *unaryTransport) Recv(ctx context.Context, m any) error {
	select {
	case <-t.last:
	case <-ctx.Done():
		return ctx.Err()
	}
	t.mu.Lock()
	called, sent := t.called, t.sent
	t.called = true
	t.mu.Unlock()
	if called {
		return io.EOF
	}
	var st *guest.Status
	switch sent {
	case 0:
		st = guestError(codes.Internal, "cardinality violation: received no request message from non-client-streaming RPC")
	case 1:
		st = t.imp.Invoke(ctx, nil, &t.call, t.request, m)
	default:
		st = guestError(codes.Internal, "cardinality violation: received multiple request messages for non-client-streaming RPC")
	}
	t.mu.Lock()
	t.over, t.st, t.request = true, st, nil
	t.mu.Unlock()
	if st != nil {
		return io.EOF
	}
	return nil
}

func (t *unaryTransport) Header(context.Context) ([]guest.Pair, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.over:
		return nil, errNotCalled
	case t.st != nil && len(t.call.Header) == 0:
		return nil, guest.ErrOver
	}
	return t.call.Header, nil
}

func (t *unaryTransport) End(context.Context) (*guest.Status, []guest.Pair, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.st, t.call.Trailer, nil
}

func (t *unaryTransport) SendHeader([]guest.Pair) {} // servers do

func (t *unaryTransport) Close() {}
