//go:build !wasip1

package grpc

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// TestDepth has a function call itself without end, in ways in which contexts are derived from that of a handler.
func TestDepth(t *testing.T) {
	for name, derive := range map[string]func(context.Context) context.Context{
		"the handler's":   func(ctx context.Context) context.Context { return ctx },
		"with metadata":   func(ctx context.Context) context.Context { return metadata.AppendToOutgoingContext(ctx, "k", "v") },
		"without its end": context.WithoutCancel,
	} {
		for way, how := range map[string]int{"relayed": relayed, "direct": direct} {
			t.Run(name+","+way, func(t *testing.T) {
				useChannel(t, how)
				calls := 0
				cc := newConn(t)
				s := newServing()
				defer s.Stop()
				s.RegisterService(&ServiceDesc{
					ServiceName: serviceName,
					Methods: []MethodDesc{{MethodName: methodName, Handler: func(_ any, ctx context.Context, dec func(any) error, _ UnaryServerInterceptor) (any, error) {
						in := new(wrapperspb.StringValue)
						if err := dec(in); err != nil {
							return nil, err
						}
						calls++
						return in, cc.Invoke(derive(ctx), fullName, in, in)
					}}},
				}, nil)
				err := cc.Invoke(t.Context(), fullName, wrapperspb.String("x"), new(wrapperspb.StringValue))
				if got, want := fmt.Sprint(status.Code(err), " ", status.Convert(err).Message()), "ResourceExhausted calls between functions nest deeper than 64"; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if calls != 64 {
					t.Errorf("%d calls", calls)
				}
			})
		}
	}
}

// lateContext has a deadline that has passed, and a timer that has not run.
type lateContext struct{ context.Context }

func (lateContext) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

// TestLateContext checks that a deadline counts that nobody has noticed yet.
func TestLateContext(t *testing.T) {
	useChannel(t, relayed)
	ctx := lateContext{t.Context()}
	cc := newConn(t)
	if err := cc.Invoke(ctx, fullName, wrapperspb.String("x"), new(wrapperspb.StringValue)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a unary call: %v", err)
	}
	s, err := cc.NewStream(ctx, &StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+streamService+"/Both")
	if err == nil {
		err = s.RecvMsg(new(wrapperspb.StringValue))
	}
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a stream: %v", err)
	}
}
