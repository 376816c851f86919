// Package pbdesc finds the descriptors that generated Go code carries, for functions whose .proto files are not at hand.
//
// Code of every age of protoc-gen-go registers the files it was generated from, with the bytes of their descriptors:
//
//	protoimpl.DescBuilder{RawDescriptor: ...}        since APIv2: a byte slice, later a string, now a constant
//	proto.RegisterFile("x.proto", fileDescriptor_…)  APIv1, and gogo/protobuf to this day: compressed bytes
//
// The registrations are recognised by type, and the bytes come from the syntax tree: nothing of the user's is executed.
// What a compiler leaves out of generated code is lost: comments, the places of declarations, and features that are for
// compilers only, such as visibility. Custom options are left out, as protoload does.
//
// gogo/protobuf's customtype, casttype and the like change Go types, never the contract: descriptors are the same. Code
// that registers no descriptor at all, as k8s.io/api of late, has nothing to be found.
//
// The package imports the standard library, x/tools, protobuf and protoload.
package pbdesc

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/protoload"
)

// registries are the packages one of which every package that registers files imports, and the function, or the type of
// the literal, that does it.
var registries = map[string]string{
	"google.golang.org/protobuf/runtime/protoimpl": "DescBuilder",
	"github.com/golang/protobuf/proto":             "RegisterFile",
	"github.com/gogo/protobuf/proto":               "RegisterFile",
	"github.com/cosmos/gogoproto/proto":            "RegisterFile",
}

// Find returns the files that pkgs, and all that these import, were generated from, by the names under which they are
// registered. Packages need syntax and types, as packages.LoadAllSyntax gives them; others are passed over.
//
// The error joins a [protoload.Error] for each registration that was not understood. The files are good without those:
// that one of them matters shows when a file is not found. If packages were generated from different files of one name,
// the Err of that file says so.
func Find(pkgs []*packages.Package) (map[string]protoload.Descriptor, error) {
	var found []*finder
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if p.TypesInfo != nil && registers(p) {
			found = append(found, &finder{pkg: p})
		}
	})
	slices.SortFunc(found, func(a, b *finder) int { return cmp.Compare(a.pkg.ID, b.pkg.ID) })
	files := map[string]protoload.Descriptor{}
	var errs []error
	for _, f := range found {
		for _, file := range f.pkg.Syntax {
			f.search(file)
		}
		for _, d := range f.files {
			name := d.Proto.GetName()
			if other, ok := files[name]; !ok {
				files[name] = d
			} else if other.Err == nil && !same(other.Proto, d.Proto) {
				other.Err = fmt.Errorf("%s and %s were generated from different files of this name, generate them anew from one, or name the folder of the right file as an import path",
					other.Path, d.Path)
				files[name] = other
			}
		}
		errs = append(errs, f.errs...)
	}
	return files, errors.Join(errs...)
}

func registers(p *packages.Package) bool {
	for path := range p.Imports {
		if _, ok := registries[path]; ok {
			return true
		}
	}
	return false
}

// same compares files but for options, which say how a language's code is generated: each copy has its own go_package.
func same(a, b *descriptorpb.FileDescriptorProto) bool {
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	a.Options, b.Options = nil, nil
	return proto.Equal(a, b)
}

// finder finds the registrations of a package.
type finder struct {
	pkg   *packages.Package
	vars  map[types.Object]ast.Expr
	files []protoload.Descriptor
	errs  []error
}

// search looks through the functions of a file: registrations are in init functions, and in what those call.
func (f *finder) search(file *ast.File) {
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if f.isBuilder(n) {
					f.builder(n)
				}
			case *ast.CallExpr:
				if f.isRegisterFile(n) && len(n.Args) == 2 {
					f.register(n.Args[1])
				}
			}
			return true
		})
	}
}

// isBuilder tells a literal of protoimpl.DescBuilder, which is another name of an internal type.
func (f *finder) isBuilder(lit *ast.CompositeLit) bool {
	named, ok := types.Unalias(f.pkg.TypesInfo.TypeOf(lit)).(*types.Named)
	return ok && named.Obj().Name() == "Builder" && named.Obj().Pkg().Path() == "google.golang.org/protobuf/internal/filedesc"
}

func (f *finder) isRegisterFile(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := f.pkg.TypesInfo.Uses[sel.Sel].(*types.Func)
	return ok && fn.Pkg() != nil && registries[fn.Pkg().Path()] == fn.Name()
}

func (f *finder) builder(lit *ast.CompositeLit) {
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "RawDescriptor" {
				f.register(kv.Value)
				return
			}
		}
	}
}

// register adds the file whose descriptor an expression stands for.
func (f *finder) register(x ast.Expr) {
	pos := f.pkg.Fset.Position(x.Pos())
	raw, err := f.bytes(x)
	if err == nil {
		var fd *descriptorpb.FileDescriptorProto
		if fd, err = decode(raw); err == nil {
			f.files = append(f.files, protoload.Descriptor{Path: pos.Filename, Proto: fd})
			return
		}
	}
	var at *placed
	if errors.As(err, &at) {
		pos = f.pkg.Fset.Position(at.pos)
	}
	f.errs = append(f.errs, &protoload.Error{Pos: pos, Subject: "package " + f.pkg.PkgPath, Message: err.Error()})
}

// placed is an error about an expression.
type placed struct {
	pos token.Pos
	msg string
}

func (e *placed) Error() string { return e.msg }
