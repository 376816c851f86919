package host

import (
	"slices"
	"testing"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
)

// The host's own services, beside those of the root function.

func (s *served) health(t *testing.T, service string) healthpb.HealthCheckResponse_ServingStatus {
	t.Helper()
	got, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return got.Status
}

func TestHealth(t *testing.T) {
	s := serve(t, relayApp(t), Options{})
	for _, service := range []string{"", "test.Front"} {
		if got := s.health(t, service); got != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%q: got %v", service, got)
		}
	}
	s.Shutdown()
	if got := s.health(t, "test.Front"); got != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("after Shutdown: got %v", got)
	}
}

// The root function says how healthy its services are; what others say of themselves is nobody's business outside.
func TestHealth_setByGuest(t *testing.T) {
	const name = "test.Front"
	guest := func(methods ...string) []byte {
		w := &wasm{}
		set := w.imported(runtimeInterface, "set-serving-status", i32s(3, 0))
		w.bytes(dataAt, []byte(name))
		var m []methodCode
		for _, method := range methods {
			m = append(m, methodCode{method, seq(
				i32Const(dataAt), i32Const(uint32(len(name))), i32Const(uint32(healthpb.HealthCheckResponse_NOT_SERVING)), call(set),
				returnBlob(i32Const(0), i32Const(0)))})
		}
		return newGuestModule(w, m...).binary()
	}
	for what, tt := range map[string]struct {
		app  *App
		want healthpb.HealthCheckResponse_ServingStatus
	}{
		"root": {newApp(t, guests{{aloneSpec, guest("front#echo", "front#act")}}), healthpb.HealthCheckResponse_NOT_SERVING},
		"another function": {
			newApp(t, guests{{frontSpec, relayGuest()}, {backSpec, guest("back#echo", "back#act")}}, Edge{"front", "back", "test.Back"}),
			healthpb.HealthCheckResponse_SERVING,
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := serve(t, tt.app, Options{})
			if _, err := s.call(t.Context(), "Front/Echo", nil); err != nil {
				t.Fatal(err)
			}
			if got := s.health(t, name); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestReflection(t *testing.T) {
	s := serve(t, relayApp(t), Options{})
	stream, err := reflectionpb.NewServerReflectionClient(s.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(req *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		t.Helper()
		if err := stream.Send(req); err != nil {
			t.Fatal(err)
		}
		got, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	var names []string
	list := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
	for _, service := range list.GetListServicesResponse().Service {
		names = append(names, service.Name)
	}
	slices.Sort(names)
	want := []string{"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "test.Front"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	for symbol, wantFiles := range map[string]int{"test.Front": 1, "test.Front.Echo": 1, "grpc.health.v1.Health": 1, "test.None": 0} {
		got := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}})
		if n := len(got.GetFileDescriptorResponse().GetFileDescriptorProto()); n != wantFiles {
			t.Errorf("%s: got %d files, want %d (%v)", symbol, n, wantFiles, got.GetErrorResponse())
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
}

// The address is the one that the root's main asked for first.
func TestHost_Address(t *testing.T) {
	w := &wasm{}
	ready := w.imported(runtimeInterface, "ready", i32s(4, 0))
	newGuestModule(w, methodCode{"front#echo", unreachable}, methodCode{"front#act", unreachable})
	w.bytes(dataAt, []byte("tcp:8080:9090"))
	w.function(initComponentExport, i32s(0, 1), 0,
		i32Const(dataAt), i32Const(3), i32Const(dataAt+3), i32Const(5), call(ready),
		i32Const(dataAt), i32Const(3), i32Const(dataAt+8), i32Const(5), call(ready), i32Const(0))
	s := serve(t, newApp(t, guests{{aloneSpec, w.binary()}}), Options{})
	if network, address := s.Address(); network != "tcp" || address != ":8080" {
		t.Errorf("got %s %s", network, address)
	}
}
