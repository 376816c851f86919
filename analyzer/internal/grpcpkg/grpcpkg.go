// Package grpcpkg answers, by import path and type, what belongs to
// google.golang.org/grpc. Names in source text play no part.
package grpcpkg

import (
	"go/types"
	"slices"
	"strings"
)

const (
	// Path is the import path of grpc, and of the module that it belongs to.
	Path = "google.golang.org/grpc"
	// StubPath replaces Path in rewritten packages.
	StubPath = "github.com/cofaas/cofaas/stubs/grpc"
	// StubNetPath is what listens that serve RPC are rewritten to use.
	StubNetPath = "github.com/cofaas/cofaas/stubs/net"
)

// nested lists folders below Path that are modules of their own and use grpc as
// any other package does.
var nested = []string{"cmd", "examples", "gcp", "interop", "security"}

// Is reports whether path is grpc or one of its subpackages.
func Is(path string) bool {
	rest, ok := strings.CutPrefix(path, Path)
	if !ok || rest == "" {
		return ok
	}
	if rest[0] != '/' {
		return false // such as google.golang.org/grpcfoo
	}
	first, _, _ := strings.Cut(rest[1:], "/")
	for _, dir := range nested {
		if first == dir {
			return false
		}
	}
	return true
}

// messagePackages are imported by what is generated from proto files, whatever
// the age of the generator.
var messagePackages = []string{
	"google.golang.org/protobuf/runtime/protoimpl",
	"github.com/golang/protobuf/proto",
	"github.com/gogo/protobuf/proto",
	"github.com/cosmos/gogoproto/proto",
}

// Near reports whether what imports the package at path, however indirectly, may
// use gRPC or its messages.
func Near(path string) bool { return path == Path || slices.Contains(messagePackages, path) }

// Imported reports whether pkg imports grpc or one of its subpackages.
func Imported(pkg *types.Package) bool {
	for _, imp := range pkg.Imports() {
		if Is(imp.Path()) {
			return true
		}
	}
	return false
}

// IsFunc reports whether obj is the function or method of that name of the
// package at path.
func IsFunc(obj types.Object, path string, names ...string) bool {
	fn, ok := obj.(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != path {
		return false
	}
	for _, name := range names {
		if fn.Name() == name {
			return true
		}
	}
	return false
}

// TypeName returns the name of t, or of what t points to, or nil.
func TypeName(t types.Type) *types.TypeName {
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Obj()
	}
	return nil
}

// IsType reports whether t, or what it points to, is the named type path.name.
func IsType(t types.Type, path, name string) bool {
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		t = ptr.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	obj := named.Obj()
	return obj.Name() == name && obj.Pkg() != nil && obj.Pkg().Path() == path
}

// IsConn reports whether t is what clients are made of: grpc.ClientConnInterface
// or *grpc.ClientConn.
func IsConn(t types.Type) bool {
	return IsType(t, Path, "ClientConnInterface") || IsType(t, Path, "ClientConn")
}

// IsRegistrar reports whether t is what services are registered with:
// grpc.ServiceRegistrar or *grpc.Server.
func IsRegistrar(t types.Type) bool {
	return IsType(t, Path, "ServiceRegistrar") || IsType(t, Path, "Server")
}

// ParamIndex returns the index of the first parameter of sig that pred accepts,
// or -1.
func ParamIndex(sig *types.Signature, pred func(types.Type) bool) int {
	for i := range sig.Params().Len() {
		if pred(sig.Params().At(i).Type()) {
			return i
		}
	}
	return -1
}
