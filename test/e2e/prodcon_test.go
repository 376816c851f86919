package e2e

import (
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

// greeting is the reply that a producer has to give.
func greeting(name string, size, repeats int) *helloworld.HelloReply {
	payload := make([]byte, size)
	for i := range payload {
		payload[i] = byte(i)
	}
	return &helloworld.HelloReply{
		Message: "Hello, " + name + "!",
		Outcome: helloworld.Outcome_OUTCOME_DELIVERED,
		Stats: &helloworld.HelloReply_Stats{
			Calls: uint32(repeats), Bytes: uint64(repeats) * uint64(size),
			Lengths: slices.Repeat([]int32{int32(size)}, repeats), Checksum: crc32.ChecksumIEEE(payload),
		},
	}
}

func TestReplies(t *testing.T) {
	build(t)
	// grpc-go takes messages of up to 4 MiB, of which the payload's tag and length take 5 bytes.
	const most = 4<<20 - 5
	for _, tt := range []struct {
		size, repeats int
		dial          string
	}{
		{1024, 0, "once"}, {1, 1, "once"}, {1024, 1, "request"}, {1024, 20, "once"}, {1000, 20, "request"},
		{512 << 10, 3, "once"}, {most, 2, "once"}, {2, 1, ""},
	} {
		t.Run(named("size=%d n=%d dial=%s", tt.size, tt.repeats, tt.dial), func(t *testing.T) {
			t.Parallel()
			s := prodcon.with(fmt.Sprintf("producer:TRANSFER_SIZE_BYTES=%d", tt.size), fmt.Sprintf("producer:REPEATS=%d", tt.repeats), "producer:DIAL="+tt.dial)
			both(t, s, func(t *testing.T, sys *system) {
				client := helloworld.NewGreeterClient(sys.conn)
				for _, name := range []string{"Ada", "世界 🎉", strings.Repeat("x", 70_000)} {
					got, err := client.SayHello(t.Context(), &helloworld.HelloRequest{Name: name})
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(greeting(name, tt.size, tt.repeats), got, protocmp.Transform()); diff != "" {
						t.Errorf("reply (-want +got):\n%s", diff)
					}
				}
			})
		})
	}
}

// wantStatus compares a status and its message.
func wantStatus(t *testing.T, err error, code codes.Code, message string) {
	t.Helper()
	if st := status.Convert(err); st.Code() != code || st.Message() != message {
		t.Errorf("got %v: %q, want %v: %q", st.Code(), st.Message(), code, message)
	}
}

func TestStatuses(t *testing.T) {
	build(t)
	t.Run("request", func(t *testing.T) {
		t.Parallel()
		both(t, prodcon, func(t *testing.T, sys *system) {
			client := helloworld.NewGreeterClient(sys.conn)
			_, err := client.SayHello(t.Context(), &helloworld.HelloRequest{})
			wantStatus(t, err, codes.InvalidArgument, "name is empty")

			err = sys.conn.Invoke(t.Context(), "/helloworld.Greeter/Missing", &helloworld.HelloRequest{}, &helloworld.HelloReply{})
			wantStatus(t, err, codes.Unimplemented, "unknown method Missing for service helloworld.Greeter")
			err = sys.conn.Invoke(t.Context(), "/helloworld.Missing/SayHello", &helloworld.HelloRequest{}, &helloworld.HelloReply{})
			wantStatus(t, err, codes.Unimplemented, "unknown service helloworld.Missing")
			// The consumer's service is not the producer's.
			err = sys.conn.Invoke(t.Context(), "/prodcon.ProducerConsumer/ConsumeByte", &helloworld.HelloRequest{}, &helloworld.HelloReply{})
			wantStatus(t, err, codes.Unimplemented, "unknown service prodcon.ProducerConsumer")

			ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
			defer cancel()
			_, err = client.SayHello(ctx, &helloworld.HelloRequest{Name: "Ada"})
			wantStatus(t, err, codes.DeadlineExceeded, "context deadline exceeded")

			big := &helloworld.HelloRequest{Name: strings.Repeat("x", 4<<20)}
			_, err = client.SayHello(t.Context(), big)
			wantStatus(t, err, codes.ResourceExhausted, fmt.Sprintf("grpc: received message larger than max (%d vs. %d)", proto.Size(big), 4<<20))

			_, err = client.SayHello(t.Context(), &helloworld.HelloRequest{Name: "Ada"})
			wantStatus(t, err, codes.OK, "")
		})
	})
	t.Run("bytes that are no message", func(t *testing.T) {
		t.Parallel()
		both(t, prodcon, func(t *testing.T, sys *system) {
			for name, wire := range map[string][]byte{
				"truncated": {0x0a, 0x05, 'x'}, "bad UTF-8": {0x0a, 0x01, 0xff}, "bad tag": {0x07, 0x01}, "zero tag": {0x00},
			} {
				var reply helloworld.HelloReply
				err := sys.conn.Invoke(t.Context(), "/helloworld.Greeter/SayHello", wire, &reply, grpc.ForceCodec(rawCodec{}))
				// How grpc-go words it has changed between its releases.
				if st := status.Convert(err); st.Code() != codes.Internal || !strings.Contains(st.Message(), "unmarshal") {
					t.Errorf("%s: got %v", name, st)
				}
			}
		})
	})
	t.Run("refused by the consumer", func(t *testing.T) {
		t.Parallel()
		both(t, prodcon.with("producer:TRANSFER_SIZE_BYTES=0", "producer:REPEATS=3"), func(t *testing.T, sys *system) {
			_, err := helloworld.NewGreeterClient(sys.conn).SayHello(t.Context(), &helloworld.HelloRequest{Name: "Ada"})
			wantStatus(t, err, codes.InvalidArgument, "transfer 1 of 3: value is empty")
		})
	})
	t.Run("too large for the consumer", func(t *testing.T) {
		t.Parallel()
		// 4 MiB of payload and its tag and length.
		both(t, prodcon.with("producer:TRANSFER_SIZE_KB=4096"), func(t *testing.T, sys *system) {
			_, err := helloworld.NewGreeterClient(sys.conn).SayHello(t.Context(), &helloworld.HelloRequest{Name: "Ada"})
			wantStatus(t, err, codes.ResourceExhausted, fmt.Sprintf("transfer 1 of 1: grpc: received message larger than max (%d vs. %d)", 4<<20+5, 4<<20))
		})
	})
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string                    { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (rawCodec) Unmarshal(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }

func TestHealth(t *testing.T) {
	both(t, prodcon, func(t *testing.T, sys *system) {
		client := healthpb.NewHealthClient(sys.conn)
		for _, service := range []string{"", "helloworld.Greeter"} {
			got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			if err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
				t.Errorf("Check %q: %v, %v", service, got, err)
			}
			watch, err := client.Watch(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := watch.Recv(); err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
				t.Errorf("Watch %q: %v, %v", service, got, err)
			}
		}
		_, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "missing"})
		wantStatus(t, err, codes.NotFound, "unknown service")
	})
}

func TestReflection(t *testing.T) {
	both(t, prodcon, func(t *testing.T, sys *system) {
		stream, err := reflectionpb.NewServerReflectionClient(sys.conn).ServerReflectionInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ask := func(req *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
			t.Helper()
			if err := stream.Send(req); err != nil {
				t.Fatal(err)
			}
			resp, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		var services []string
		for _, s := range ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
			services = append(services, s.Name)
		}
		want := []string{"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "helloworld.Greeter"}
		if diff := cmp.Diff(want, services); diff != "" {
			t.Errorf("services (-want +got):\n%s", diff)
		}
		resp := ask(&reflectionpb.ServerReflectionRequest{
			MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "helloworld.Greeter"},
		}).GetFileDescriptorResponse()
		if len(resp.GetFileDescriptorProto()) != 1 {
			t.Fatalf("%d files", len(resp.GetFileDescriptorProto()))
		}
		var got descriptorpb.FileDescriptorProto
		if err := proto.Unmarshal(resp.FileDescriptorProto[0], &got); err != nil {
			t.Fatal(err)
		}
		got.SourceCodeInfo = nil
		if diff := cmp.Diff(protodesc.ToFileDescriptorProto(helloworld.File_helloworld_helloworld_proto), &got, protocmp.Transform()); diff != "" {
			t.Errorf("descriptor (-want +got):\n%s", diff)
		}
	})
}
