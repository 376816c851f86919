package guest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// rawCodec passes byte slices as they are, and lets protobuf see to the rest.
type rawCodec struct{ encoding.Codec }

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	return proto.Marshal(v.(proto.Message))
}

func (rawCodec) Unmarshal(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }

// call has real grpc-go make a call, and returns its outcome.
func call(t *testing.T, request, reply any, serverOpts []grpc.ServerOption, opts ...grpc.CallOption) *status.Status {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	srv := grpc.NewServer(serverOpts...)
	srv.RegisterService(&grpc.ServiceDesc{ServiceName: "s", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "M",
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			if err := decode(new(wrapperspb.StringValue)); err != nil {
				return nil, err
			}
			return reply, nil
		},
	}}}, nil)
	go srv.Serve(lis)
	defer srv.Stop()
	cc, err := grpc.NewClient("passthrough:", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	return status.Convert(cc.Invoke(t.Context(), "/s/M", request, new(wrapperspb.StringValue), opts...))
}

func TestFailures(t *testing.T) {
	good, bad, raw := wrapperspb.String("a"), wrapperspb.String("\xff"), []byte{0x0a, 1, 0xff}
	_, marshalErr := proto.Marshal(bad)
	unmarshalErr := proto.Unmarshal(raw, new(wrapperspb.StringValue))
	for _, tt := range []struct {
		name string
		got  *Status
		want *status.Status
	}{
		{"request is marshalled", notLowered(marshalErr), call(t, bad, good, nil)},
		{"request is unmarshalled", notLifted(unmarshalErr), call(t, raw, good, nil, grpc.ForceCodec(rawCodec{}))},
		{"reply is marshalled", notLowered(marshalErr), call(t, good, bad, nil)},
		{"reply is unmarshalled", notLifted(unmarshalErr), call(t, good, raw, []grpc.ServerOption{grpc.ForceServerCodec(rawCodec{})})},
	} {
		if tt.got.Code != uint32(tt.want.Code()) || tt.got.Message != tt.want.Message() {
			t.Errorf("%s: got %d %q, want %d %q", tt.name, tt.got.Code, tt.got.Message, tt.want.Code(), tt.want.Message())
		}
	}
}
