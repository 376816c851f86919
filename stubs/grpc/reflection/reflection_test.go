package reflection_test

import (
	"fmt"
	"testing"

	realgrpc "google.golang.org/grpc"
	realreflection "google.golang.org/grpc/reflection"

	"github.com/cofaas/cofaas/stubs/grpc"
	"github.com/cofaas/cofaas/stubs/grpc/reflection"
)

// TestRegister compares what a server says of its services, by which programs set their health.
func TestRegister(t *testing.T) {
	for _, both := range []bool{false, true} {
		want, got := realgrpc.NewServer(), grpc.NewServer()
		if both {
			realreflection.Register(want)
			reflection.Register(got)
		} else {
			realreflection.RegisterV1(want)
			reflection.RegisterV1(got)
		}
		if want, got := fmt.Sprint(want.GetServiceInfo()), fmt.Sprint(got.GetServiceInfo()); got != want {
			t.Errorf("both versions: %t: got %s, want %s", both, got, want)
		}
	}
}
