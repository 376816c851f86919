package status_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	realcodes "google.golang.org/grpc/codes"
	real "google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	istatus "github.com/cofaas/cofaas/stubs/grpc/internal/status"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// api is the package under test, and grpc-go's, over types that both share.
type api struct {
	err      func(code uint32, msg string) error
	fromErr  func(error) (any, bool)
	code     func(error) string
	context  func(error) any
	protoErr func(*spb.Status) error
	carrier  func(p *spb.Status) error // an error with a method GRPCStatus; nil makes it return nil
}

type realCarrier struct{ s *real.Status }

func (realCarrier) Error() string              { return "carrier" }
func (c realCarrier) GRPCStatus() *real.Status { return c.s }

type stubCarrier struct{ s *status.Status }

func (stubCarrier) Error() string                { return "carrier" }
func (c stubCarrier) GRPCStatus() *status.Status { return c.s }

var realAPI = api{
	err:      func(code uint32, msg string) error { return real.Error(realcodes.Code(code), msg) },
	fromErr:  func(err error) (any, bool) { s, ok := real.FromError(err); return show(s, s == nil), ok },
	code:     func(err error) string { return real.Code(err).String() },
	context:  func(err error) any { s := real.FromContextError(err); return show(s, s == nil) },
	protoErr: real.ErrorProto,
	carrier: func(p *spb.Status) error {
		if p == nil {
			return realCarrier{}
		}
		return realCarrier{real.FromProto(p)}
	},
}

var stubAPI = api{
	err:      func(code uint32, msg string) error { return status.Error(codes.Code(code), msg) },
	fromErr:  func(err error) (any, bool) { s, ok := status.FromError(err); return show(s, s == nil), ok },
	code:     func(err error) string { return status.Code(err).String() },
	context:  func(err error) any { s := status.FromContextError(err); return show(s, s == nil) },
	protoErr: status.ErrorProto,
	carrier: func(p *spb.Status) error {
		if p == nil {
			return stubCarrier{}
		}
		return stubCarrier{status.FromProto(p)}
	},
}

func show(s interface {
	Message() string
	String() string
	Err() error
	Proto() *spb.Status
	Details() []any
}, isNil bool) any {
	b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(s.Proto())
	return fmt.Sprintf("nil %v message %q string %q err %v proto %x details %v", isNil, s.Message(), s.String(), s.Err(), b, s.Details())
}

func TestErrors(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("wrap: %w", err) }
	packed, _ := anypb.New(durationpb.New(7))
	full := &spb.Status{Code: 5, Message: "m", Details: []*anypb.Any{packed, {TypeUrl: "type.googleapis.com/no.Such"}}}
	for name, make := range map[string]func(a api) error{
		"nil":             func(api) error { return nil },
		"plain":           func(api) error { return errors.New("plain") },
		"ok":              func(a api) error { return a.err(0, "ok") },
		"status":          func(a api) error { return a.err(5, "none") },
		"unknown code":    func(a api) error { return a.err(1000, "odd") },
		"wrapped":         func(a api) error { return wrap(a.err(5, "none")) },
		"wrapped twice":   func(a api) error { return wrap(wrap(a.err(5, "none"))) },
		"joined":          func(a api) error { return errors.Join(io.EOF, a.err(6, "x")) },
		"proto":           func(a api) error { return a.protoErr(full) },
		"nil proto":       func(a api) error { return a.protoErr(nil) },
		"carrier":         func(a api) error { return a.carrier(full) },
		"ok carrier":      func(a api) error { return a.carrier(&spb.Status{Message: "fine"}) },
		"nil carrier":     func(a api) error { return a.carrier(nil) },
		"wrapped carrier": func(a api) error { return wrap(a.carrier(full)) },
		"wrapped nil":     func(a api) error { return wrap(a.carrier(nil)) },
		"deadline":        func(api) error { return context.DeadlineExceeded },
		"canceled":        func(api) error { return wrap(context.Canceled) },
	} {
		t.Run(name, func(t *testing.T) {
			see := func(a api) []any {
				err := make(a)
				s, ok := a.fromErr(err)
				return []any{fmt.Sprint(err), s, ok, a.code(err), a.context(err),
					errors.Is(err, context.DeadlineExceeded), errors.Is(err, make(a))}
			}
			if got, want := see(stubAPI), see(realAPI); !reflect.DeepEqual(got, want) {
				t.Errorf("\n    got %v\ngrpc-go %v", got, want)
			}
		})
	}
}

func TestDetails(t *testing.T) {
	details := []protoadapt.MessageV1{
		protoadapt.MessageV1Of(wrapperspb.String("a")), protoadapt.MessageV1Of(durationpb.New(1)),
	}
	ws, werr := real.New(realcodes.Aborted, "m").WithDetails(details...)
	gs, gerr := status.New(codes.Aborted, "m").WithDetails(details...)
	if werr != nil || gerr != nil {
		t.Fatal(werr, gerr)
	}
	if got, want := show(gs, false), show(ws, false); got != want {
		t.Errorf("got %v, grpc-go %v", got, want)
	}
	if _, ok := gs.Details()[0].(*wrapperspb.StringValue); !ok {
		t.Errorf("got %T", gs.Details()[0])
	}
	_, werr = real.New(realcodes.OK, "").WithDetails(details...)
	_, gerr = status.New(codes.OK, "").WithDetails(details...)
	if fmt.Sprint(werr) != fmt.Sprint(gerr) {
		t.Errorf("got %v, grpc-go %v", gerr, werr)
	}
}

func TestNil(t *testing.T) {
	var got *status.Status
	var want *real.Status
	if g, w := show(got, true), show(want, true); g != w || uint32(got.Code()) != uint32(want.Code()) {
		t.Errorf("got %v, grpc-go %v", g, w)
	}
}

func TestProtoIsCopied(t *testing.T) {
	p := &spb.Status{Code: 5, Message: "m"}
	s := status.FromProto(p)
	p.Message = "changed"
	s.Proto().Message = "changed"
	if s.Message() != "m" {
		t.Error("a status shares its message")
	}
}

func TestGuest(t *testing.T) {
	s, err := status.New(codes.NotFound, "m\xff").WithDetails(protoadapt.MessageV1Of(wrapperspb.String("a")))
	if err != nil {
		t.Fatal(err)
	}
	g := istatus.ToGuest(s)
	if g.Code != 5 || g.Message != "m\ufffd" || len(g.Details) != 1 {
		t.Fatalf("got %+v", g)
	}
	back := istatus.FromGuest(g)
	if back.Code() != codes.NotFound || !proto.Equal(back.Details()[0].(proto.Message), wrapperspb.String("a")) {
		t.Errorf("got %v", back)
	}
	if istatus.ToGuest(nil) != nil || istatus.ToGuest(status.New(codes.OK, "x")) != nil {
		t.Error("OK never travels")
	}
	if s := istatus.FromGuest(&guest.Status{Code: 77}); s.Code() != 77 {
		t.Errorf("got %v", s)
	}
}
