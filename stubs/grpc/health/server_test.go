package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
	healthpb "github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// The real package cannot be linked into the same test: both register the health service's messages.
func TestServer(t *testing.T) {
	var told []string
	old := setServingStatus
	setServingStatus = func(service string, st int32) { told = append(told, fmt.Sprintf("%s=%d", service, st)) }
	t.Cleanup(func() { setServingStatus = old })

	s := NewServer()
	check := func(service string, want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		r, err := s.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || r.GetStatus() != want {
			t.Errorf("%q: got %v, %v; want %v", service, r.GetStatus(), err, want)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		slices.Sort(told)
		if !slices.Equal(told, want) {
			t.Errorf("host was told %q, want %q", told, want)
		}
		told = nil
	}
	check("", healthpb.HealthCheckResponse_SERVING)
	if _, err := s.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "a"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v", err)
	}
	s.SetServingStatus("a", healthpb.HealthCheckResponse_NOT_SERVING)
	check("a", healthpb.HealthCheckResponse_NOT_SERVING)
	expect("a=2")
	s.Resume()
	check("a", healthpb.HealthCheckResponse_SERVING)
	expect("=1", "a=1")
	s.Shutdown()
	s.SetServingStatus("a", healthpb.HealthCheckResponse_SERVING)
	check("a", healthpb.HealthCheckResponse_NOT_SERVING)
	check("", healthpb.HealthCheckResponse_NOT_SERVING)
	expect("=2", "a=2")

	list, err := s.List(t.Context(), &healthpb.HealthListRequest{})
	if err != nil || len(list.GetStatuses()) != 2 {
		t.Errorf("got %v, %v", list, err)
	}
	for i := range maxListed {
		s.Resume()
		s.SetServingStatus(fmt.Sprint(i), healthpb.HealthCheckResponse_SERVING)
	}
	if _, err := s.List(t.Context(), &healthpb.HealthListRequest{}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v", err)
	}
}

// stream is the server's side of a watch.
type stream struct {
	healthpb.Health_WatchServer
	ctx  context.Context
	sent chan healthpb.HealthCheckResponse_ServingStatus
	err  error
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) Send(r *healthpb.HealthCheckResponse) error {
	if s.err == nil {
		s.sent <- r.GetStatus()
	}
	return s.err
}

func TestWatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	st := &stream{ctx: ctx, sent: make(chan healthpb.HealthCheckResponse_ServingStatus)}
	s := NewServer()
	done := make(chan error)
	go func() { done <- s.Watch(&healthpb.HealthCheckRequest{Service: "a"}, st) }()
	expect := func(want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if got := <-st.sent; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	expect(healthpb.HealthCheckResponse_SERVICE_UNKNOWN)
	s.SetServingStatus("b", healthpb.HealthCheckResponse_SERVING)
	s.SetServingStatus("a", healthpb.HealthCheckResponse_SERVING)
	expect(healthpb.HealthCheckResponse_SERVING)
	s.SetServingStatus("a", healthpb.HealthCheckResponse_SERVING) // not sent again
	s.Shutdown()
	expect(healthpb.HealthCheckResponse_NOT_SERVING)
	cancel()
	if err := <-done; status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
	if len(s.watchers) > 0 {
		t.Errorf("watchers are left: %v", s.watchers)
	}
	st = &stream{ctx: t.Context(), err: errors.New("gone")}
	if err := s.Watch(&healthpb.HealthCheckRequest{}, st); status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
}
