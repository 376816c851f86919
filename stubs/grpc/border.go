package grpc

import (
	"context"
	"slices"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// This file is the border to what carries calls: package guest in a Wasm guest, package isolate in a native isolate. All that this package
// takes from there is here as interfaces, and as variables in border_wasip1.go and border_native.go, which tests replace.

// importedMethod is a method that this function calls. *guest.Import is one, and *isolate.Method.
type importedMethod interface {
	Invoke(ctx context.Context, closed <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status
}

// transport is one side of a streaming call. *guest.Stream is one, as are those of package isolate. Its server's side must
// not be used once the handler returned.
type transport interface {
	Send(ctx context.Context, m any) error
	Recv(ctx context.Context, m any) error
	CloseSend()
	SendHeader(p []guest.Pair)
	Header(ctx context.Context) ([]guest.Pair, error)
	End(ctx context.Context) (*guest.Status, []guest.Pair, error)
	Close()
}

// opener begins calls of a streaming method of another function. The call is to be ended when ctx is done.
type opener func(ctx context.Context, call *guest.ClientCall) transport

// serverCall is a call that is being served. *guest.ServerCall is one, and *isolate.ServerCall; it must not be used once the
// handler returned.
type serverCall interface {
	Decoder() func(m any) error
	Deadline() int64
	HasMetadata() bool
	Metadata() []guest.Pair
	SetHeader(p []guest.Pair)
	SetTrailer(p []guest.Pair)
	OnCancel(c guest.Canceller)
	// OnAnswer has w told when the answer was sent. It reports false if nobody needs to wait for that.
	OnAnswer(w guest.AnswerWatcher) bool
	WaitsForReady() bool
	IsLarge() bool
	// Depth is how many calls the call is in the middle of, 0 if it is none of a function's or that is not known.
	Depth() uint32
}

func init() { guest.SetStatusError(errorFromGuest) }

// errorFromGuest returns the error for the outcome of a call, nil for nil.
func errorFromGuest(st *guest.Status) error {
	if st == nil {
		return nil
	}
	return status.FromGuest(st).Err()
}

// guestError returns the outcome of a call that this package itself fails.
func guestError(c codes.Code, msg string) *guest.Status {
	return &guest.Status{Code: uint32(c), Message: msg}
}

// mdFromPairs turns metadata that crossed the border into an MD.
func mdFromPairs(pairs []guest.Pair) metadata.MD {
	md := make(metadata.MD, len(pairs))
	for _, p := range pairs {
		md[p.Key] = append(md[p.Key], p.Value)
	}
	return md
}

// withContentType adds the content-type, which what comes first in a direction has.
func withContentType(md metadata.MD) metadata.MD {
	if _, ok := md["content-type"]; !ok {
		md["content-type"] = slices.Clone(grpcContentType)
	}
	return md
}

// appendPairs appends md in the form that crosses the border, without the keys that belong to the transport.
func appendPairs(pairs []guest.Pair, md metadata.MD) []guest.Pair {
	for k, values := range md {
		if isReserved(k) {
			continue
		}
		for _, v := range values {
			pairs = append(pairs, guest.Pair{Key: lower(k), Value: v})
		}
	}
	return pairs
}
