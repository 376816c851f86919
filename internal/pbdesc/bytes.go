package pbdesc

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"io"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	// maxSize bounds a descriptor: compressed ones may be bombs.
	maxSize = 32 << 20
	// maxSteps bounds how far the value of a variable is followed, which may be defined by itself.
	maxSteps = 20
)

// bytes returns the value of an expression that stands for a byte slice or a string. Constants are folded by the type
// checker; what is left are the few forms that generators write around them.
func (f *finder) bytes(x ast.Expr) ([]byte, error) {
	info := f.pkg.TypesInfo
	for range maxSteps {
		if v := info.Types[x].Value; v != nil && v.Kind() == constant.String {
			return []byte(constant.StringVal(v)), nil
		}
		switch e := x.(type) {
		case *ast.ParenExpr:
			x = e.X
			continue
		case *ast.SliceExpr:
			if e.Low == nil && e.High == nil {
				x = e.X
				continue
			}
		case *ast.CallExpr:
			// A conversion, or unsafe.Slice(unsafe.StringData(s), len(s)), which spares one.
			if len(e.Args) > 0 && (info.Types[e.Fun].IsType() || f.isUnsafe(e.Fun)) {
				x = e.Args[0]
				continue
			}
		case *ast.Ident:
			if init := f.initializer(info.Uses[e]); init != nil {
				x = init
				continue
			}
		case *ast.CompositeLit:
			return f.elements(e)
		}
		break
	}
	return nil, &placed{x.Pos(), "this form of a descriptor is not known, generate the file anew with a protoc-gen-go of google.golang.org/protobuf"}
}

func (f *finder) isUnsafe(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	b, ok := f.pkg.TypesInfo.Uses[sel.Sel].(*types.Builtin)
	return ok && (b.Name() == "Slice" || b.Name() == "StringData")
}

// initializer returns what a variable of the package is declared to be.
func (f *finder) initializer(obj types.Object) ast.Expr {
	if f.vars == nil {
		f.vars = map[types.Object]ast.Expr{}
		for _, file := range f.pkg.Syntax {
			for _, decl := range file.Decls {
				d, ok := decl.(*ast.GenDecl)
				if !ok || d.Tok != token.VAR {
					continue
				}
				for _, spec := range d.Specs {
					if s := spec.(*ast.ValueSpec); len(s.Names) == len(s.Values) {
						for i, name := range s.Names {
							f.vars[f.pkg.TypesInfo.Defs[name]] = s.Values[i]
						}
					}
				}
			}
		}
	}
	return f.vars[obj]
}

// elements returns the bytes of a literal that lists them.
func (f *finder) elements(lit *ast.CompositeLit) ([]byte, error) {
	if len(lit.Elts) > maxSize {
		return nil, &placed{lit.Pos(), fmt.Sprintf("descriptor is larger than %d bytes, split the .proto file", maxSize)}
	}
	b := make([]byte, 0, len(lit.Elts))
	for _, elt := range lit.Elts {
		v := f.pkg.TypesInfo.Types[elt].Value
		if v == nil {
			return nil, &placed{elt.Pos(), "a descriptor lists constant bytes, generate the file anew"}
		}
		n, ok := constant.Uint64Val(v)
		if !ok || n > 0xff {
			return nil, &placed{elt.Pos(), "a descriptor lists bytes, generate the file anew"}
		}
		b = append(b, byte(n))
	}
	return b, nil
}

// decode reads a descriptor, which may be compressed. What this program does not know of options is left out.
func decode(raw []byte) (*descriptorpb.FileDescriptorProto, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("descriptor is damaged, generate the file anew: %w", err)
		}
		if raw, err = io.ReadAll(io.LimitReader(z, maxSize+1)); err != nil {
			return nil, fmt.Errorf("descriptor is damaged, generate the file anew: %w", err)
		}
	}
	if len(raw) > maxSize {
		return nil, fmt.Errorf("descriptor is larger than %d bytes, split the .proto file", maxSize)
	}
	fd := &descriptorpb.FileDescriptorProto{}
	opts := proto.UnmarshalOptions{AllowPartial: true, DiscardUnknown: true, Resolver: (*protoregistry.Types)(nil)}
	if err := opts.Unmarshal(raw, fd); err != nil {
		return nil, fmt.Errorf("descriptor is damaged, generate the file anew: %w", err)
	}
	if fd.GetName() == "" {
		return nil, errors.New("descriptor has no file name, generate the file anew")
	}
	return fd, nil
}
