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

// defaultLimit is what a message may have, unless an option says otherwise.
const defaultLimit = 4 << 20

func limits() []*Behaviour {
	return slices.Concat(
		each("limits/MaxCallRecvMsgSize", direct, kinds, limitReceive),
		each("limits/MaxCallSendMsgSize", direct, kinds, limitSend),
		each("limits/option of the connection", direct, kinds, limitOfConn),
		each("limits/default for replies", direct, kinds, limitDefaultReply),
		each("limits/default for requests", direct, kinds, limitDefaultRequest),
		each("limits/raised for replies", direct, kinds, limitRaised),
		each("limits/just within", everywhere, kinds, limitWithin),
	)
}

// replying is an order with a reply that carries size bytes.
func replying(k Kind, size int) *pb.Order {
	if k == download || k == chat {
		return script.Order(script.Send(1, size))
	}
	return &pb.Order{Payload: make([]byte, size)}
}

// replySize is the size of that reply.
func replySize(size int) int { return proto.Size(&pb.Report{Payload: make([]byte, size)}) }

func limitReceive(t *T, e *Env, k Kind) {
	size := replySize(1000)
	o := e.do(t.Context(), k, replying(k, 1000), grpc.MaxCallRecvMsgSize(size-1))
	t.Status("one byte too many", o.err, codes.ResourceExhausted, fmt.Sprintf("grpc: received message larger than max (%d vs. %d)", size, size-1))
	o = e.do(t.Context(), k, replying(k, 1000), grpc.MaxCallRecvMsgSize(size))
	t.OK("not one too many", o.err)
	t.OK("the next call", e.do(t.Context(), k, replying(k, 1000)).err)
}

func limitSend(t *T, e *Env, k Kind) {
	order := &pb.Order{Payload: make([]byte, 1000)}
	size := proto.Size(order)
	o := e.do(t.Context(), k, order, grpc.MaxCallSendMsgSize(size-1))
	t.Status("one byte too many", o.err, codes.ResourceExhausted, fmt.Sprintf("trying to send message larger than max (%d vs. %d)", size, size-1))
	t.OK("not one too many", e.do(t.Context(), k, order, grpc.MaxCallSendMsgSize(size)).err)
}

func limitOfConn(t *T, e *Env, k Kind) {
	client := e.New(e.Dial(t, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100), grpc.MaxCallSendMsgSize(1100))))
	o := do(t.Context(), client, k, replying(k, 1000))
	t.Status("receive", o.err, codes.ResourceExhausted, fmt.Sprintf("grpc: received message larger than max (%d vs. 100)", replySize(1000)))
	order := &pb.Order{Payload: make([]byte, 2000)}
	o = do(t.Context(), client, k, order)
	t.Status("send", o.err, codes.ResourceExhausted, fmt.Sprintf("trying to send message larger than max (%d vs. 1100)", proto.Size(order)))
	o = do(t.Context(), client, k, replying(k, 1000), grpc.MaxCallRecvMsgSize(2000))
	t.OK("the call's own option counts", o.err)
}

// overlong is an order whose reply is larger than the default limit, while the order itself is not.
func overlong(k Kind) *pb.Order {
	if k == download || k == chat {
		return script.Order(script.Send(1, defaultLimit))
	}
	return &pb.Order{
		Payload: make([]byte, defaultLimit-200),
		Steps:   []*pb.Step{script.Services(), script.Services(), script.Services(), script.Services()},
	}
}

func limitDefaultReply(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, overlong(k))
	t.Code("code", o.err, codes.ResourceExhausted)
	if k == download || k == chat {
		t.Status("status", o.err, codes.ResourceExhausted, fmt.Sprintf("grpc: received message larger than max (%d vs. %d)", replySize(defaultLimit), defaultLimit))
	}
	t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
}

func limitDefaultRequest(t *T, e *Env, k Kind) {
	order := &pb.Order{Payload: make([]byte, defaultLimit)}
	o := e.do(t.Context(), k, order)
	t.Status("status", o.err, codes.ResourceExhausted, fmt.Sprintf("grpc: received message larger than max (%d vs. %d)", proto.Size(order), defaultLimit))
	t.OK("the next call", e.do(t.Context(), k, script.Order()).err)
}

func limitRaised(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, overlong(k), grpc.MaxCallRecvMsgSize(2*defaultLimit))
	t.Must("call", o.err)
	t.True("it is larger than the default", proto.Size(o.reports[0]) > defaultLimit, "it has %d bytes", proto.Size(o.reports[0]))
}

func limitWithin(t *T, e *Env, k Kind) {
	o := e.do(t.Context(), k, replying(k, defaultLimit-100))
	t.Must("call", o.err)
	t.Equal("payload", len(o.reports[0].Payload), defaultLimit-100)
}
