package main

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

// newClient returns a client of a consumer that serves until the test ends.
func newClient(t *testing.T) prodcon.ProducerConsumerClient {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	prodcon.RegisterProducerConsumerServer(server, consumer{})
	go server.Serve(lis)
	t.Cleanup(server.Stop)

	conn, err := grpc.NewClient("passthrough:consumer",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return prodcon.NewProducerConsumerClient(conn)
}

func TestConsumeByte(t *testing.T) {
	ramp := make([]byte, 1000)
	for i := range ramp {
		ramp[i] = byte(i)
	}
	tests := []struct {
		name  string
		value []byte
		want  bool
	}{
		{"one byte", ramp[:1], true},
		{"many bytes", ramp, true},
		{"wrong start", ramp[1:], false},
		{"wrong end", append(ramp[:10:10], 0), false},
	}
	client := newClient(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reply, err := client.ConsumeByte(t.Context(), &prodcon.ConsumeByteRequest{Value: tt.value})
			if err != nil {
				t.Fatal(err)
			}
			if reply.GetValue() != tt.want || reply.GetLength() != int32(len(tt.value)) {
				t.Errorf("got %v, %d; want %v, %d", reply.GetValue(), reply.GetLength(), tt.want, len(tt.value))
			}
		})
	}
}

func TestConsumeByte_Errors(t *testing.T) {
	_, err := newClient(t).ConsumeByte(t.Context(), &prodcon.ConsumeByteRequest{})
	if got := status.Convert(err); got.Code() != codes.InvalidArgument || got.Message() != "value is empty" {
		t.Errorf("empty value: got %v, want InvalidArgument", err)
	}
}
