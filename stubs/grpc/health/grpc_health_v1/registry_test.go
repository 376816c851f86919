package grpc_health_v1_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	real "google.golang.org/grpc/health/grpc_health_v1"
	_ "google.golang.org/grpc/reflection/grpc_reflection_v1"
	_ "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	stub "github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1"
	_ "github.com/cofaas/cofaas/stubs/grpc/reflection/grpc_reflection_v1"
	_ "github.com/cofaas/cofaas/stubs/grpc/reflection/grpc_reflection_v1alpha"
)

// TestBoth links the stubs' packages with those of grpc-go, which guests do when a package that they keep imports them. Types that
// are registered twice would end the program before any test.
func TestBoth(t *testing.T) {
	wire, err := proto.Marshal(&real.HealthCheckResponse{Status: real.HealthCheckResponse_NOT_SERVING})
	if err != nil {
		t.Fatal(err)
	}
	got := new(stub.HealthCheckResponse)
	if err := proto.Unmarshal(wire, got); err != nil || got.Status != stub.HealthCheckResponse_NOT_SERVING {
		t.Errorf("got %v, %v", got, err)
	}
	if name := stub.HealthCheckResponse_NOT_SERVING.Descriptor().FullName(); name != "grpc.health.v1.HealthCheckResponse.ServingStatus" {
		t.Errorf("the enum is %s", name)
	}
}
