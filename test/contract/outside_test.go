package contract

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

// TestReflection asks a what it serves.
func TestReflection(t *testing.T) {
	for _, m := range chosen(t) {
		t.Run(m.name, func(t *testing.T) {
			sys := m.start(t)
			stream, err := grpc_reflection_v1.NewServerReflectionClient(sys.conn).ServerReflectionInfo(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ask := func(in *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
				t.Helper()
				if err := stream.Send(in); err != nil {
					t.Fatal(err)
				}
				out, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			var names []string
			list := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}})
			for _, s := range list.GetListServicesResponse().GetService() {
				names = append(names, s.GetName())
			}
			for _, want := range []string{"contract.v1.BackendA", "contract.v1.RelayA", "contract.v1.Runner", "grpc.health.v1.Health"} {
				if !slices.Contains(names, want) {
					t.Errorf("%s is not among %q", want, names)
				}
			}
			for _, not := range []string{"contract.v1.BackendB", "contract.v1.Annex"} {
				if slices.Contains(names, not) {
					t.Errorf("%s is among %q", not, names)
				}
			}
			file := ask(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{
				FileContainingSymbol: "contract.v1.BackendA",
			}})
			if len(file.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
				t.Errorf("no descriptor: %v", file)
			}
			if err := stream.CloseSend(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPanic has handlers panic: the caller gets a status, and a function whose callee is gone serves on.
func TestPanic(t *testing.T) {
	for _, m := range chosen(t) {
		t.Run(m.name, func(t *testing.T) {
			sys := m.start(t)
			backend, relay := pb.NewBackendAClient(sys.conn), pb.NewRelayAClient(sys.conn)
			if _, err := relay.Unary(t.Context(), script.Order()); err != nil {
				t.Fatal(err)
			}
			if _, err := relay.Unary(t.Context(), script.Order(script.Panic("in b"))); status.Code(err) != codes.Unavailable {
				t.Errorf("panic in b: got %v, want Unavailable", err)
			}
			if got, err := backend.Unary(t.Context(), &pb.Order{Id: 3}); err != nil || got.Id != 3 {
				t.Errorf("a, after b has panicked: %v, %v", got, err)
			}
			if sys.again != nil {
				sys.processes["b"].Code(t)
				sys.again(t, "b")
			}
			serves(t, "b, after it has panicked", func() error {
				_, err := relay.Unary(t.Context(), script.Order())
				return err
			})

			if _, err := backend.Unary(t.Context(), script.Order(script.Panic("in a"))); status.Code(err) != codes.Unavailable {
				t.Errorf("panic in a: got %v, want Unavailable", err)
			}
			if sys.again != nil {
				sys.processes["a"].Code(t)
				sys.again(t, "a")
			}
			serves(t, "a, after it has panicked", func() error {
				_, err := backend.Unary(t.Context(), script.Order())
				return err
			})
		})
	}
}

// serves waits until a call succeeds: connections come back with a delay.
func serves(t *testing.T, what string, call func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = call(); err == nil {
			return
		}
	}
	t.Errorf("%s: %v", what, err)
}
