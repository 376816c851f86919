package main

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

// start serves what register registers until the test ends, and returns a function that dials it.
func start(t *testing.T, register func(grpc.ServiceRegistrar)) func() (*grpc.ClientConn, error) {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	register(server)
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	return func() (*grpc.ClientConn, error) {
		return grpc.NewClient("passthrough:bufconn",
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	}
}

func mustDial(t *testing.T, dial func() (*grpc.ClientConn, error)) *grpc.ClientConn {
	t.Helper()
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// fakeConsumer answers with reply and err, and counts.
type fakeConsumer struct {
	prodcon.UnimplementedProducerConsumerServer
	reply *prodcon.ConsumeByteReply
	err   error

	mu    sync.Mutex
	calls int
}

func (f *fakeConsumer) ConsumeByte(context.Context, *prodcon.ConsumeByteRequest) (*prodcon.ConsumeByteReply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.reply, f.err
}

// newClient returns a client of a greeter that sends 3 transfers of 4 bytes to consumer.
func newClient(t *testing.T, consumer *fakeConsumer, dialOnce bool) helloworld.GreeterClient {
	t.Helper()
	dial := start(t, func(s grpc.ServiceRegistrar) { prodcon.RegisterProducerConsumerServer(s, consumer) })
	consumers := perRequest(dial)
	if dialOnce {
		consumers = shared(mustDial(t, dial))
	}
	g := newGreeter(consumers, 4, 3)
	conn := mustDial(t, start(t, func(s grpc.ServiceRegistrar) { helloworld.RegisterGreeterServer(s, g) }))
	return helloworld.NewGreeterClient(conn)
}

func TestSayHello(t *testing.T) {
	stats := func(length int32) *helloworld.HelloReply_Stats {
		return &helloworld.HelloReply_Stats{
			Calls: 3, Bytes: 12, Lengths: []int32{length, length, length}, Checksum: 0x8bb98613, // of 00 01 02 03
		}
	}
	tests := []struct {
		name     string
		dialOnce bool
		reply    *prodcon.ConsumeByteReply
		want     *helloworld.HelloReply
	}{
		{
			"delivered", true,
			&prodcon.ConsumeByteReply{Value: true, Length: 4},
			&helloworld.HelloReply{Message: "Hello, Ada!", Outcome: helloworld.Outcome_OUTCOME_DELIVERED, Stats: stats(4)},
		},
		{
			"dial per request", false,
			&prodcon.ConsumeByteReply{Value: true, Length: 4},
			&helloworld.HelloReply{Message: "Hello, Ada!", Outcome: helloworld.Outcome_OUTCOME_DELIVERED, Stats: stats(4)},
		},
		{
			"wrong contents", true,
			&prodcon.ConsumeByteReply{Value: false, Length: 4},
			&helloworld.HelloReply{Message: "Hello, Ada!", Outcome: helloworld.Outcome_OUTCOME_CORRUPTED, Stats: stats(4)},
		},
		{
			"wrong length", true,
			&prodcon.ConsumeByteReply{Value: true, Length: 5},
			&helloworld.HelloReply{Message: "Hello, Ada!", Outcome: helloworld.Outcome_OUTCOME_CORRUPTED, Stats: stats(5)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			consumer := &fakeConsumer{reply: tt.reply}
			client := newClient(t, consumer, tt.dialOnce)
			got, err := client.SayHello(t.Context(), &helloworld.HelloRequest{Name: "Ada"})
			if err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
			if consumer.calls != 3 {
				t.Errorf("consumer got %d calls, want 3", consumer.calls)
			}
		})
	}
}

func TestSayHello_Errors(t *testing.T) {
	tests := []struct {
		name     string
		request  string
		consumer error
		code     codes.Code
		message  string
		calls    int
	}{
		{"no name", "", nil, codes.InvalidArgument, "name is empty", 0},
		{"consumer fails", "Ada", status.Error(codes.DataLoss, "lost"), codes.DataLoss, "transfer 1 of 3: lost", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			consumer := &fakeConsumer{err: tt.consumer}
			_, err := newClient(t, consumer, true).SayHello(t.Context(), &helloworld.HelloRequest{Name: tt.request})
			if got := status.Convert(err); got.Code() != tt.code || got.Message() != tt.message {
				t.Errorf("got %v, want %v %q", err, tt.code, tt.message)
			}
			if consumer.calls != tt.calls {
				t.Errorf("consumer got %d calls, want %d", consumer.calls, tt.calls)
			}
		})
	}
}
