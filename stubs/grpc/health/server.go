// Package health stands in for google.golang.org/grpc/health in a guest: a function reports whether its services can
// serve.
//
// The host answers health checks. [Server] keeps the same states as grpc-go's and passes every change on to the host, so
// that checks from outside and calls of [Server.Check] within the function agree.
package health

import (
	"context"
	"sync"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	healthpb "github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// maxListed is the number of services up to which [Server.List] answers.
const maxListed = 100

// setServingStatus passes a status on to the host. Tests replace it: natively there is no host.
var setServingStatus = guest.SetServingStatus

// Server implements the health service. It is safe for concurrent use.
type Server struct {
	healthpb.UnimplementedHealthServer

	mu       sync.RWMutex
	shutdown bool // all services are, and stay, NOT_SERVING
	statuses map[string]healthpb.HealthCheckResponse_ServingStatus
}

// NewServer returns a server on which the service "", the function as a whole, is SERVING.
func NewServer() *Server {
	return &Server{statuses: map[string]healthpb.HealthCheckResponse_ServingStatus{
		"": healthpb.HealthCheckResponse_SERVING,
	}}
}

// Check returns the status of a service, or codes.NotFound.
func (s *Server) Check(_ context.Context, in *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st, ok := s.statuses[in.GetService()]
	if !ok {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return &healthpb.HealthCheckResponse{Status: st}, nil
}

// List returns the status of every service, or codes.ResourceExhausted if there are too many.
func (s *Server) List(context.Context, *healthpb.HealthListRequest) (*healthpb.HealthListResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.statuses) > maxListed {
		return nil, status.Errorf(codes.ResourceExhausted, "server health list exceeds maximum capacity: %d", maxListed)
	}
	list := make(map[string]*healthpb.HealthCheckResponse, len(s.statuses))
	for service, st := range s.statuses {
		list[service] = &healthpb.HealthCheckResponse{Status: st}
	}
	return &healthpb.HealthListResponse{Statuses: list}, nil
}

// Watch returns codes.Unimplemented: streaming calls between guests are not supported yet. From outside, the host
// answers it.
func (s *Server) Watch(*healthpb.HealthCheckRequest, healthpb.Health_WatchServer) error {
	return status.Error(codes.Unimplemented, "streaming calls between guests are not supported yet")
}

// SetServingStatus sets the status of a service, known or new. After [Server.Shutdown] it does nothing.
func (s *Server) SetServingStatus(service string, servingStatus healthpb.HealthCheckResponse_ServingStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shutdown {
		s.setLocked(service, servingStatus)
	}
}

// Shutdown makes all services NOT_SERVING until [Server.Resume].
func (s *Server) Shutdown() { s.setAll(true, healthpb.HealthCheckResponse_NOT_SERVING) }

// Resume makes all services SERVING and ends a [Server.Shutdown].
func (s *Server) Resume() { s.setAll(false, healthpb.HealthCheckResponse_SERVING) }

func (s *Server) setAll(shutdown bool, st healthpb.HealthCheckResponse_ServingStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shutdown = shutdown
	for service := range s.statuses {
		s.setLocked(service, st)
	}
}

func (s *Server) setLocked(service string, st healthpb.HealthCheckResponse_ServingStatus) {
	s.statuses[service] = st
	setServingStatus(service, int32(st))
}
