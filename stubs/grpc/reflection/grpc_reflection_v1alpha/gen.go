// Package grpc_reflection_v1alpha is the alpha version of the gRPC reflection protocol for guests: generated from the descriptor in
// google.golang.org/grpc/reflection/grpc_reflection_v1alpha (Copyright 2016 The gRPC Authors, Apache License 2.0), with the same
// API, against the grpc stub. The types are registered where no other package sees them: a program may have the original too.
package grpc_reflection_v1alpha

// The option is the original's: servers need not embed UnimplementedServerReflectionServer.
//go:generate go run -C ../../../../internal/protogen . -unregistered -dir ../../stubs/grpc/reflection/grpc_reflection_v1alpha -module github.com/cofaas/cofaas/stubs/grpc/reflection/grpc_reflection_v1alpha -M grpc/reflection/v1alpha/reflection.proto=github.com/cofaas/cofaas/stubs/grpc/reflection/grpc_reflection_v1alpha -grpc-opt require_unimplemented_servers=false -import google.golang.org/grpc=github.com/cofaas/cofaas/stubs/grpc -builtin grpc/reflection/v1alpha/reflection.proto
