package behaviours

import (
	"io"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/test/contract/legacy"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

// legacies uses code as old plugins generated it.
func legacies() []*Behaviour {
	return slices.Concat(
		one("legacy/unary", inside, legacyUnary),
		one("legacy/server stream", inside, legacyDownload),
		one("legacy/client stream", inside, legacyUpload),
		one("legacy/bidi stream", inside, legacyChat),
	)
}

func legacyUnary(t *T, e *Env) {
	client := legacy.NewLegacyClient(e.Conn)
	order := script.Order(script.Method(), script.Metadata(), script.Trace())
	order.Id = 3
	got, err := client.Unary(metadata.AppendToOutgoingContext(t.Context(), "x-old", "1"), order)
	t.Must("call", err)
	o := outcome{reports: []*pb.Report{got}}
	t.Equal("id", got.Id, int64(3))
	t.Equal("method", o.fact("method"), "/contract.v1.Legacy/Unary true")
	t.Equal("metadata", o.fact("metadata x-old"), `["1"]`)
	t.Equal("interceptors", o.fact("trace"),
		"single /contract.v1.Legacy/Unary server=true, outer /contract.v1.Legacy/Unary server=true, inner /contract.v1.Legacy/Unary server=true")
	_, err = client.Unary(t.Context(), script.Order(script.Fail(5, "gone")))
	t.Status("error", err, codes.NotFound, "gone")
	_, err = client.Missing(t.Context(), &pb.Order{})
	t.Status("not implemented", err, codes.Unimplemented, "method Missing not implemented")
}

func legacyDownload(t *T, e *Env) {
	stream, err := legacy.NewLegacyClient(e.Conn).Download(t.Context(), &pb.Order{Id: 5})
	t.Must("open", err)
	for i := range int64(5) {
		got, err := stream.Recv()
		t.Must("receive", err)
		t.Equal("id", got.Id, i)
	}
	_, err = stream.Recv()
	t.Equal("the end", err, io.EOF)
}

func legacyUpload(t *T, e *Env) {
	stream, err := legacy.NewLegacyClient(e.Conn).Upload(t.Context())
	t.Must("open", err)
	for i := range int64(5) {
		t.OK("send", stream.Send(&pb.Order{Id: i}))
	}
	got, err := stream.CloseAndRecv()
	t.Must("CloseAndRecv", err)
	t.Equal("sum", got.Id, int64(10))
}

func legacyChat(t *T, e *Env) {
	stream, err := legacy.NewLegacyClient(e.Conn).Chat(t.Context())
	t.Must("open", err)
	for i := range int64(5) {
		t.OK("send", stream.Send(&pb.Order{Id: i}))
		got, err := stream.Recv()
		t.Must("receive", err)
		t.Equal("echo", got.Id, i)
	}
	t.OK("CloseSend", stream.CloseSend())
	_, err = stream.Recv()
	t.Equal("the end", err, io.EOF)
}
