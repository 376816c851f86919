package behaviours

import (
	"context"
	"errors"
	"io"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

// Env is whom a behaviour may call.
type Env struct {
	Position Position
	// Service is what is called, and Backend what carries orders out: another one, if Service is a relay.
	Service, Backend string
	Target           string
	Conn             *grpc.ClientConn // to Target
	// New makes clients of Service. It is a field because who calls what is found out from calls of generated constructors.
	New func(grpc.ClientConnInterface) backend.Client

	// Inside has what only behaviours in function a use.
	Inside *Inside
}

// Inside is whom function a may call besides.
type Inside struct {
	C     backend.Client // BackendC, directly
	Cycle backend.Client // CycleB
	Annex string         // the target
}

// Client is a client of Service.
func (e *Env) Client() backend.Client { return e.New(e.Conn) }

// Dial connects to the target once more.
func (e *Env) Dial(t *T, opts ...grpc.DialOption) *grpc.ClientConn { return dial(t, e.Target, opts...) }

// dial makes a connection that is closed at the end.
func dial(t *T, target string, opts ...grpc.DialOption) *grpc.ClientConn {
	conn, err := grpc.NewClient(target, append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}, opts...)...)
	t.Must("dial", err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// method is the full name of the method of a kind.
func method(service string, k Kind) string {
	return "/" + service + "/" + map[Kind]string{unary: "Unary", download: "Download", upload: "Upload", chat: "Chat"}[k]
}

// Kind is a kind of call.
type Kind int

const (
	unary    Kind = iota
	download      // the server streams
	upload        // the client streams
	chat          // both stream
)

func (k Kind) String() string {
	return [...]string{"unary", "server stream", "client stream", "bidi stream"}[k]
}

var (
	kinds        = []Kind{unary, download, upload, chat}
	streamKinds  = []Kind{download, upload, chat}
	replyStreams = []Kind{download, chat}
)

// outcome is what a caller gets from a call.
type outcome struct {
	reports         []*pb.Report
	header, trailer metadata.MD
	err             error
}

// fact is the first fact of that name, or "none of that name".
func (o outcome) fact(name string) string {
	for _, r := range o.reports {
		for _, f := range r.GetFacts() {
			if f.Name == name {
				return f.Value
			}
		}
	}
	return "none of that name"
}

// facts are the values of all facts of that name.
func (o outcome) facts(name string) (out []string) {
	for _, r := range o.reports {
		for _, f := range r.GetFacts() {
			if f.Name == name {
				out = append(out, f.Value)
			}
		}
	}
	return out
}

func (o outcome) number(name string) int64 {
	n, err := strconv.ParseInt(o.fact(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// do makes a call of a kind, with one message from the client.
func do(ctx context.Context, client backend.Client, k Kind, order *pb.Order, opts ...grpc.CallOption) (o outcome) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts = append(opts, grpc.Header(&o.header), grpc.Trailer(&o.trailer))
	var one *pb.Report
	switch k {
	case unary:
		one, o.err = client.Unary(ctx, order, opts...)
	case download:
		stream, err := client.Download(ctx, order, opts...)
		if o.err = err; err == nil {
			o.reports, o.err = drain(stream)
		}
	case upload:
		stream, err := client.Upload(ctx, opts...)
		if o.err = err; err == nil {
			if err := stream.Send(order); err != nil && !errors.Is(err, io.EOF) {
				o.err = err
			} else {
				one, o.err = stream.CloseAndRecv()
			}
		}
	case chat:
		stream, err := client.Chat(ctx, opts...)
		if o.err = err; err == nil {
			if err := stream.Send(order); err != nil && !errors.Is(err, io.EOF) {
				o.err = err
			} else {
				stream.CloseSend()
				o.reports, o.err = drain(stream)
			}
		}
	}
	if one != nil {
		o.reports = []*pb.Report{one}
	}
	return o
}

// do makes a call of the env's service.
func (e *Env) do(ctx context.Context, k Kind, order *pb.Order, opts ...grpc.CallOption) outcome {
	return do(ctx, e.Client(), k, order, opts...)
}

// look has a handler carry out steps that find facts, and report them.
func (e *Env) look(ctx context.Context, k Kind, steps ...*pb.Step) outcome {
	return e.do(ctx, k, looking(k, steps...))
}

// looking is an order whose facts come back, whatever the kind of call.
func looking(k Kind, steps ...*pb.Step) *pb.Order {
	if k == download || k == chat {
		steps = append(steps, script.Report())
	}
	return script.Order(steps...)
}

// drain receives until the end. At a good one there is no error.
func drain(stream grpc.ServerStreamingClient[pb.Report]) (out []*pb.Report, err error) {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
}

// openChat opens a stream whose handler carries out steps.
func (e *Env) openChat(t *T, ctx context.Context, steps ...*pb.Step) grpc.BidiStreamingClient[pb.Order, pb.Report] {
	stream, err := e.Client().Chat(ctx)
	t.Must("open", err)
	t.Must("send the order", stream.Send(script.Order(steps...)))
	return stream
}

// ours is the metadata whose keys begin with "x-".
func ours(md metadata.MD) metadata.MD {
	out := metadata.MD{}
	for k, v := range md {
		if len(k) > 2 && k[:2] == "x-" {
			out[k] = v
		}
	}
	return out
}

// open starts a streaming call with one message from the client, and closes its sending side.
func open(t *T, client backend.Client, k Kind, order *pb.Order, opts ...grpc.CallOption) grpc.ClientStream {
	return openContext(t, t.Context(), client, k, order, opts...)
}

func openContext(t *T, ctx context.Context, client backend.Client, k Kind, order *pb.Order, opts ...grpc.CallOption) (stream grpc.ClientStream) {
	var err error
	switch k {
	case download:
		stream, err = client.Download(ctx, order, opts...)
		t.Must("open", err)
		return stream
	case upload:
		stream, err = client.Upload(ctx, opts...)
	default:
		stream, err = client.Chat(ctx, opts...)
	}
	t.Must("open", err)
	t.Must("send", stream.SendMsg(order))
	t.Must("CloseSend", stream.CloseSend())
	return stream
}
