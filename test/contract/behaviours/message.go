package behaviours

import (
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

func messages() []*Behaviour {
	return slices.Concat(
		each("message/nil request", everywhere, []Kind{unary, download}, messageNilRequest),
		each("message/nil reply", everywhere, []Kind{unary, upload}, messageNilReply),
		each("message/empty", everywhere, kinds, messageEmpty),
		each("message/the caller's is untouched", everywhere, kinds, messageUntouched),
		each("message/text that is not UTF-8", direct, kinds, messageInvalid),
		each("message/sizes", everywhere, []Kind{unary, upload}, messageSizes),
		one("message/what is received replaces what was there", direct, messageReplaces),
		one("message/no message at all", direct, messageNone),
		one("message/unknown fields", everywhere, messageUnknown),
	)
}

func messageNilRequest(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, nil)
	t.OK("call", o.err)
	if k == unary {
		t.Equal("reply", o.reports[0], &pb.Report{})
	}
}

func messageNilReply(t *T, e *Env, k Kind) {
	order := script.Order(script.Nil())
	order.Id = 3
	o := e.do(t.Context(), k, order)
	t.Must("call", o.err)
	t.Equal("reply", o.reports[0], &pb.Report{})
}

func messageEmpty(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, looking(k))
	t.Must("call", o.err)
	t.Equal("replies", len(o.reports), 1)
	t.Equal("reply", o.reports[0], &pb.Report{})
}

func messageUntouched(t *T, e *Env, k Kind) {
	order := looking(k, script.Deadline())
	order.Id, order.Payload = 9, []byte("payload")
	want := proto.Clone(order)
	t.OK("call", e.do(t.Context(), k, order).err)
	t.Equal("request", order, want)
}

func messageInvalid(t *T, e *Env, k Kind) {
	order := script.Order(&pb.Step{Text: "\xff\xfe"})
	t.Status("status", e.do(t.Context(), k, order).err, codes.Internal, "grpc: error while marshaling: string field contains invalid UTF-8")
	t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
}

func messageSizes(t *T, e *Env, k Kind) {
	for _, size := range []int{1, 100, 4 << 10, 16384 - 5, 16384, 65535, 65536, 1 << 20} {
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(i * 7)
		}
		o := e.do(t.Context(), k, &pb.Order{Id: int64(size), Payload: payload})
		t.OK(fmt.Sprint("call with ", size), o.err)
		if o.err == nil {
			t.True(fmt.Sprint("payload of ", size), o.reports[0].Id == int64(size) && string(o.reports[0].Payload) == string(payload), "another one has come back")
		}
	}
}

func messageReplaces(t *T, e *Env) {
	got := &pb.Report{Id: 5, Payload: []byte("old"), Facts: []*pb.Fact{{Name: "old"}}}
	t.OK("Invoke", e.Conn.Invoke(t.Context(), method(e.Service, unary), &pb.Order{Id: 6}, got))
	t.Equal("reply", got, &pb.Report{Id: 6})

	stream := open(t, e.Client(), download, script.Order(script.Send(2, 0)))
	got = &pb.Report{Id: 5, Payload: []byte("old")}
	t.OK("RecvMsg", stream.RecvMsg(got))
	t.Equal("first", got, &pb.Report{})
	t.OK("RecvMsg", stream.RecvMsg(got))
	t.Equal("second", got, &pb.Report{Id: 1})
}

func messageNone(t *T, e *Env) {
	t.OK("untyped nil is an empty message", e.Conn.Invoke(t.Context(), method(e.Service, unary), nil, &pb.Report{}))
	err := e.Conn.Invoke(t.Context(), method(e.Service, unary), "text", &pb.Report{})
	t.Status("no message", err, codes.Internal, "grpc: error while marshaling: proto: failed to marshal, message is string, want proto.Message")
	var text string
	err = e.Conn.Invoke(t.Context(), method(e.Service, unary), &pb.Order{}, &text)
	t.Status("reply that is no message", err, codes.Internal, "grpc: failed to unmarshal the received message: failed to unmarshal, message is *string, want proto.Message")
	t.OK("the next call", e.Conn.Invoke(t.Context(), method(e.Service, unary), &pb.Order{}, &pb.Report{}, grpc.WaitForReady(true)))
}

// messageUnknown sends fields that the callee's code does not know. It keeps them in error details.
func messageUnknown(t *T, e *Env) {
	order := script.Order(script.FailDetails(3, "with unknown fields"))
	order.ProtoReflect().SetUnknown([]byte{0xc2, 0x3e, 0x03, 'n', 'e', 'w'}) // field 1000
	o := e.do(t.Context(), unary, order)
	t.Code("code", o.err, codes.InvalidArgument)
	t.Equal("detail", detail(o.err, 0), order)
}
