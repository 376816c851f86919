// Package health stands in for google.golang.org/grpc/health in a guest: a function reports whether its services can
// serve.
//
// The host answers health checks. [Server] keeps the same states as grpc-go's and passes every change on to the host, so
// that checks from outside and calls of [Server.Check] within the function agree.
package health

import (
	"context"
	"sync"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/grpclog"
	healthpb "github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

var logger = grpclog.Component("health_service")

// maxListed is the number of services up to which [Server.List] answers.
const maxListed = 100

// Server implements the health service. It is safe for concurrent use.
type Server struct {
	healthpb.UnimplementedHealthServer

	mu       sync.RWMutex
	shutdown bool // all services are, and stay, NOT_SERVING
	statuses map[string]healthpb.HealthCheckResponse_ServingStatus
	watchers map[string]map[chan healthpb.HealthCheckResponse_ServingStatus]bool // by service
}

// NewServer returns a server on which the service "", the function as a whole, is SERVING.
func NewServer() *Server {
	return &Server{
		statuses: map[string]healthpb.HealthCheckResponse_ServingStatus{"": healthpb.HealthCheckResponse_SERVING},
		watchers: make(map[string]map[chan healthpb.HealthCheckResponse_ServingStatus]bool),
	}
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

// Watch sends the status of a service, SERVICE_UNKNOWN for an unknown one, and each change of it until the stream ends. Changes
// that come faster than the client reads are dropped, except the last.
func (s *Server) Watch(in *healthpb.HealthCheckRequest, stream healthpb.Health_WatchServer) error {
	changes := s.watch(in.GetService())
	defer s.unwatch(in.GetService(), changes)
	sent := healthpb.HealthCheckResponse_ServingStatus(-1)
	for {
		select {
		case <-stream.Context().Done():
			return errEnded
		case st := <-changes:
			if st == sent {
				continue
			}
			sent = st
			if err := stream.Send(&healthpb.HealthCheckResponse{Status: st}); err != nil {
				return errEnded
			}
		}
	}
}

var errEnded = status.Error(codes.Canceled, "Stream has ended.")

// watch returns a channel that has the last status that was not received.
func (s *Server) watch(service string) chan healthpb.HealthCheckResponse_ServingStatus {
	changes := make(chan healthpb.HealthCheckResponse_ServingStatus, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.statuses[service]; ok {
		changes <- st
	} else {
		changes <- healthpb.HealthCheckResponse_SERVICE_UNKNOWN
	}
	if s.watchers[service] == nil {
		s.watchers[service] = make(map[chan healthpb.HealthCheckResponse_ServingStatus]bool)
	}
	s.watchers[service][changes] = true
	return changes
}

func (s *Server) unwatch(service string, changes chan healthpb.HealthCheckResponse_ServingStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers[service], changes)
	if len(s.watchers[service]) == 0 {
		delete(s.watchers, service) // clients choose the names
	}
}

// SetServingStatus sets the status of a service, known or new. After [Server.Shutdown] it does nothing.
func (s *Server) SetServingStatus(service string, servingStatus healthpb.HealthCheckResponse_ServingStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shutdown {
		logger.Infof("health: %s does not become %v: the server is shut down", service, servingStatus)
		return
	}
	s.setLocked(service, servingStatus)
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
	for changes := range s.watchers[service] {
		select {
		case <-changes:
		default:
		}
		changes <- st // which has room: nobody else sends without the lock
	}
}
