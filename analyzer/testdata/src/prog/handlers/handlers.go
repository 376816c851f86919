// Package handlers exchanges status errors, which no signature shows.
package handlers

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pb/greeter"
	"prog/errs"
)

type Server struct {
	greeter.UnimplementedGreeterServer
}

func (Server) SayHello(ctx context.Context, req *greeter.HelloRequest) (*greeter.HelloReply, error) {
	if req.Name == "" {
		return nil, status.Error(codes.NotFound, "no name")
	}
	return nil, errs.NotFound(req.Name)
}
