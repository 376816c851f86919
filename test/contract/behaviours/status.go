package behaviours

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func statuses() []*Behaviour {
	return slices.Concat(
		each("status/every code", everywhere, kinds, statusCodes),
		each("status/messages", everywhere, kinds, statusMessages),
		each("status/code that has no name", everywhere, kinds, fails(script.Fail(77, "of our own"), codes.Code(77), "of our own")),
		each("status/error that is no status", everywhere, kinds, fails(script.FailPlain("plain, ünïcödé"), codes.Unknown, "plain, ünïcödé")),
		each("status/error without text", everywhere, kinds, fails(script.FailPlain(""), codes.Unknown, "")),
		each("status/wrapped", everywhere, kinds, fails(script.FailWrapped(10, "inner"), codes.Aborted, "wrapped: rpc error: code = Aborted desc = inner")),
		each("status/custom error", everywhere, kinds, fails(script.FailCustom(5, "of another type"), codes.NotFound, "of another type")),
		each("status/context.Canceled", everywhere, kinds, fails(script.FailContext(0), codes.Canceled, "context canceled")),
		each("status/context.DeadlineExceeded", everywhere, kinds, fails(script.FailContext(1), codes.DeadlineExceeded, "context deadline exceeded")),
		each("status/wrapped context error", everywhere, kinds, fails(script.FailContext(2), codes.DeadlineExceeded, "wrapped: context deadline exceeded")),
		each("status/io.EOF", everywhere, kinds, fails(script.FailEOF(), codes.Unknown, "EOF")),
		each("status/details", everywhere, kinds, statusDetails),
		each("status/details of OK", everywhere, kinds, fails(script.FailDetails(0, "fine"), codes.Unknown, "no error details for status with code OK")),
		each("status/failure that is OK", everywhere, kinds, statusOK),
		each("status/after messages", everywhere, replyStreams, statusAfterMessages),
		each("status/no reply with an error", everywhere, []Kind{unary, upload}, statusNoReply),
		each("status/the error as applications see it", everywhere, kinds, statusError),
		one("status/package status", direct, statusPackage),
	)
}

// fails is the behaviour of a handler whose step ends in a status.
func fails(step *pb.Step, code codes.Code, message string) func(t *T, e *Env, k Kind) {
	return func(t *T, e *Env, k Kind) {
		t.Status("status", e.do(t.Context(), k, script.Order(step)).err, code, message)
	}
}

func statusCodes(t *T, e *Env, k Kind) {
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		o := e.do(t.Context(), k, script.Order(script.Fail(uint32(code), code.String()+"!")))
		if code == codes.OK {
			t.OK("OK is no error", o.err)
			continue
		}
		t.Status(code.String(), o.err, code, code.String()+"!")
	}
}

func statusMessages(t *T, e *Env, k Kind) {
	for name, message := range map[string]string{
		"empty":      "",
		"unicode":    "héllo 世界 🎉",
		"percent":    "100% of %41 and %zz and %",
		"lines":      "one\ntwo\r\nthree\ttabbed",
		"spaces":     "  around  ",
		"controls":   "\x00\x01\x7f",
		"long":       strings.Repeat("long ", 600),
		"like error": "rpc error: code = Unknown desc = no",
	} {
		t.Status(name, e.do(t.Context(), k, script.Order(script.Fail(9, message))).err, codes.FailedPrecondition, message)
	}
}

func statusDetails(t *T, e *Env, k Kind) {
	order := script.Order(script.FailDetails(3, "see détails"))
	order.Id, order.Payload = 7, []byte{0, 1, 0xff}
	o := e.do(t.Context(), k, order)
	t.Status("status", o.err, codes.InvalidArgument, "see détails")
	details := status.Convert(o.err).Details()
	if len(details) != 2 {
		t.True("two details", false, "got %v", details)
		return
	}
	for i, want := range []proto.Message{order, &pb.Fact{Name: "detail", Value: "see détails"}} {
		t.Equal(fmt.Sprint("detail ", i), details[i], want)
	}
	t.Equal("code in the proto", status.Convert(o.err).Proto().GetCode(), int32(3))
}

func statusOK(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k, script.Fail(0, "ignored"), script.Deadline()))
	t.OK("no error", o.err)
	t.Equal("the handler went on", o.fact("deadline"), "none")
}

func statusAfterMessages(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, script.Order(script.Send(3, 10), script.Fail(8, "no more")))
	t.Status("status", o.err, codes.ResourceExhausted, "no more")
	t.Equal("messages before it", len(o.reports), 3)
}

func statusNoReply(t *T, e *Env, k Kind) {
	order := script.Order(script.Fail(13, "failed"))
	if k == unary {
		out, err := e.Client().Unary(t.Context(), order)
		t.Code("code", err, codes.Internal)
		t.True("reply is nil", out == nil, "got %v", out)
		return
	}
	stream, err := e.Client().Upload(t.Context())
	t.Must("open", err)
	t.OK("send", stream.Send(order))
	out, err := stream.CloseAndRecv()
	t.Code("code", err, codes.Internal)
	t.True("no reply", proto.Equal(out, &pb.Report{}) || out == nil, "got %v", out)
}

func statusError(t *T, e *Env, k Kind) {
	err := e.do(t.Context(), k, script.Order(script.Fail(5, "not here"))).err
	t.Equal("text", fmt.Sprint(err), "rpc error: code = NotFound desc = not here")
	st, ok := status.FromError(err)
	t.True("is a status", ok, "%T is none", err)
	t.Equal("code", st.Code(), codes.NotFound)
	t.True("errors.Is the same status", errors.Is(err, status.Error(codes.NotFound, "not here")), "it is not: %v", err)
	t.True("errors.Is no other status", !errors.Is(err, status.Error(codes.NotFound, "there")), "it is: %v", err)
	t.Code("code of a wrapped error", fmt.Errorf("caller: %w", err), codes.NotFound)
	err = e.do(t.Context(), k, script.Order(script.FailContext(0))).err
	t.True("not errors.Is of package context", !errors.Is(err, context.Canceled), "it is: %v", err)
}

// statusPackage is what package status does without a call.
func statusPackage(t *T, _ *Env) {
	t.True("OK is nil", status.Error(codes.OK, "text") == nil, "it is not")
	t.True("OK is nil with Errorf", status.Errorf(codes.OK, "text %d", 1) == nil, "it is not")
	t.True("status of nil", status.Convert(nil).Code() == codes.OK, "it is not OK")
	st, ok := status.FromError(errors.New("plain"))
	t.Equal("plain error", fmt.Sprint(st.Code(), st.Message(), ok), "Unknownplainfalse")
	st, ok = status.FromError(fmt.Errorf("around: %w", status.Error(codes.Aborted, "inner")))
	t.Equal("wrapped", fmt.Sprint(st.Code(), " ", st.Message(), " ", ok), "Aborted around: rpc error: code = Aborted desc = inner true")
	t.Equal("FromContextError", status.FromContextError(context.Canceled).Code(), codes.Canceled)
	t.Equal("FromContextError of another", status.FromContextError(errors.New("x")).Code(), codes.Unknown)
	t.Equal("Newf", status.Newf(codes.DataLoss, "%d%%", 5).Message(), "5%")
	t.Equal("String", status.New(codes.DataLoss, "gone").String(), `rpc error: code = DataLoss desc = gone`)
	t.Equal("name of a code", codes.Code(77).String(), "Code(77)")
	_, err := status.New(codes.OK, "").WithDetails(&pb.Empty{})
	t.Equal("details of OK", fmt.Sprint(err), "no error details for status with code OK")
	t.Equal("FromProto", status.FromProto(status.New(codes.NotFound, "m").Proto()).Message(), "m")
	t.Equal("ErrorProto", fmt.Sprint(status.ErrorProto(status.New(codes.NotFound, "m").Proto())), "rpc error: code = NotFound desc = m")
}

// detail is a detail of the status of an error, or an empty message.
func detail(err error, i int) proto.Message {
	if details := status.Convert(err).Details(); i < len(details) {
		if m, ok := details[i].(proto.Message); ok {
			return m
		}
	}
	return &pb.Empty{}
}
