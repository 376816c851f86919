// Package grpc_health_v1 is the gRPC health checking protocol for guests: generated from the descriptor in
// google.golang.org/grpc/health/grpc_health_v1 (Copyright 2015 The gRPC Authors, Apache License 2.0), with the same
// API, against the grpc stub. The types are registered where no other package sees them: a program may have the original too.
package grpc_health_v1

// The option is the original's: servers need not embed UnimplementedHealthServer.
//go:generate go run -C ../../../../internal/protogen . -unregistered -dir ../../stubs/grpc/health/grpc_health_v1 -module github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1 -M grpc/health/v1/health.proto=github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1 -grpc-opt require_unimplemented_servers=false -import google.golang.org/grpc=github.com/cofaas/cofaas/stubs/grpc -builtin grpc/health/v1/health.proto
