package backend

import (
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // so that calls may ask for it
	"google.golang.org/grpc/keepalive"
)

// NewServer returns a server and the service that carries its orders out. All servers intercept and watch calls alike.
func NewServer(opts ...grpc.ServerOption) (*grpc.Server, *Service) {
	s := &Service{ledger: newLedger()}
	server := grpc.NewServer(append([]grpc.ServerOption{
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Hour}),
		grpc.StatsHandler(statsHandler{s.ledger}),
		// The chain is installed first, and yet runs after the single interceptor.
		grpc.ChainUnaryInterceptor(s.unaryInterceptor("outer"), s.unaryInterceptor("inner"), command),
		grpc.ChainStreamInterceptor(s.streamInterceptor("outer"), s.streamInterceptor("inner"), streamCommand),
		grpc.UnaryInterceptor(s.unaryInterceptor("single")),
		grpc.StreamInterceptor(s.streamInterceptor("single")),
	}, opts...)...)
	s.serves = server.GetServiceInfo
	go s.tick()
	return server, s
}
