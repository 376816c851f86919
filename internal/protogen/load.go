package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	// For imports.
	_ "google.golang.org/genproto/googleapis/api/annotations"

	// For -builtin.
	_ "google.golang.org/grpc/health/grpc_health_v1"
	_ "google.golang.org/grpc/reflection/grpc_reflection_v1"
	_ "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
)

// loadProtos returns the requested files and all that they import, imports first, in an order that depends on the
// request only.
func loadProtos(ctx context.Context, r request) ([]*descriptorpb.FileDescriptorProto, error) {
	parsed, err := parse(ctx, r.includes, r.files)
	linked, err2 := findBuiltins(r.builtins)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	var (
		protos []*descriptorpb.FileDescriptorProto
		seen   = make(map[string]bool)
		visit  func(protoreflect.FileDescriptor)
	)
	visit = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			visit(fd.Imports().Get(i).FileDescriptor)
		}
		protos = append(protos, protoutil.ProtoFromFileDescriptor(fd))
	}
	for _, fd := range append(parsed, linked...) {
		visit(fd)
	}
	return protos, nil
}

// parse compiles .proto files with their comments. It reports every error, each with its position.
func parse(ctx context.Context, includes, files []string) ([]protoreflect.FileDescriptor, error) {
	var errs []error
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(protocompile.CompositeResolver{
			&protocompile.SourceResolver{ImportPaths: includes},
			protocompile.ResolverFunc(findLinked),
		}),
		// One at a time, so that errors come in the same order every time.
		MaxParallelism: 1,
		SourceInfoMode: protocompile.SourceInfoStandard,
		Reporter: reporter.NewReporter(func(err reporter.ErrorWithPos) error {
			errs = append(errs, err)
			return nil
		}, nil),
	}
	compiled, err := compiler.Compile(ctx, files...)
	switch {
	case len(errs) > 0:
		return nil, errors.Join(errs...)
	case err != nil:
		return nil, err
	}
	fds := make([]protoreflect.FileDescriptor, len(compiled))
	for i, f := range compiled {
		fds[i] = f
	}
	return fds, nil
}

// findLinked finds imports that linked Go packages have registered, for want of a file.
func findLinked(path string) (protocompile.SearchResult, error) {
	fd, err := protoregistry.GlobalFiles.FindFileByPath(path)
	return protocompile.SearchResult{Desc: fd}, err
}

// findBuiltins returns the descriptors of files that linked Go packages have registered.
func findBuiltins(files []string) ([]protoreflect.FileDescriptor, error) {
	var (
		fds  []protoreflect.FileDescriptor
		errs []error
	)
	for _, file := range files {
		fd, err := protoregistry.GlobalFiles.FindFileByPath(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: no linked Go package has this file: import its package in load.go", file))
			continue
		}
		fds = append(fds, fd)
	}
	return fds, errors.Join(errs...)
}
