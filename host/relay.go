package host

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/status"
)

// relayStream serves a streaming call whose server has messages as wire bytes too, until it ends.
func relayStream(ctx context.Context, m *method, client serverStream, server wireServer, cc *callContext) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	to, st := server.open(ctx, m, cc)
	if st != nil {
		client.end(st, nil)
		return
	}
	defer to.close()
	if m.StreamingClient {
		// It ends with the call, for which nobody waits: the client may be waiting for its end before it ends.
		go func() {
			for passRequest(client, to, giveUp) {
			}
		}()
	} else if passRequest(client, to, giveUp) {
		to.closeSend()
	}
	if header, ok := to.header(); ok {
		if err := client.sendHeader(header, false); err != nil {
			client.end(status.Convert(err), nil)
			return
		}
	}
	for {
		reply, err := to.recv()
		if err != nil {
			break
		}
		if err := client.send(reply); err != nil {
			client.end(status.Convert(err), nil)
			return
		}
	}
	st, trailer := to.result()
	if err := (*requestsError)(nil); errors.As(context.Cause(ctx), &err) {
		st, trailer = status.Convert(err.cause), nil
	}
	client.end(st, trailer)
}

// requestsError is why the requests of a call have ended otherwise than by their end: the client has gone, or has sent what is no message.
type requestsError struct{ cause error }

func (e *requestsError) Error() string { return e.cause.Error() }

// passRequest passes one request on. It reports whether there may be more. giveUp ends the call.
func passRequest(client serverStream, to clientStream, giveUp context.CancelCauseFunc) bool {
	request, err := client.recv()
	switch {
	case err == nil:
		return to.send(request) == nil
	case errors.Is(err, io.EOF):
		to.closeSend()
	default:
		giveUp(&requestsError{err})
	}
	return false
}
