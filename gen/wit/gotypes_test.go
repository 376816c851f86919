package wit_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// goTypes returns the types that protoc-gen-go makes of a file, without what is of no concern to those who use them.
func goTypes(t *testing.T, fd protoreflect.FileDescriptor) []byte {
	t.Helper()
	req := &pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{fd.Path()},
		Parameter:      proto.String("M" + fd.Path() + "=example.com/shop"),
	}
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i).FileDescriptor)
		}
		p := protodesc.ToFileDescriptorProto(fd)
		if p.GetOptions().GetGoPackage() == "" {
			p.Options = &descriptorpb.FileOptions{GoPackage: proto.String("example.com/" + strings.TrimSuffix(fd.Path(), ".proto"))}
		}
		req.ProtoFile = append(req.ProtoFile, p)
	}
	add(fd)
	plugin, err := protogen.Options{}.New(req)
	if err != nil {
		t.Fatal(err)
	}
	file := plugin.FilesByPath[fd.Path()]
	content, err := internal_gengo.GenerateFile(plugin, file).Content()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, file.GeneratedFilenamePrefix+".pb.go", content, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, decl := range syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			if s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType); ok {
				exported(s)
			}
		}
		if out.Len() > 0 {
			out.WriteString("\n\n")
		}
		if err := format.Node(&out, token.NewFileSet(), gen); err != nil {
			t.Fatal(err)
		}
	}
	out.WriteByte('\n')
	formatted, err := format.Source(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return formatted
}

// exported leaves the exported fields of a struct, without their tags.
func exported(s *ast.StructType) {
	var fields []*ast.Field
	for _, f := range s.Fields.List {
		if len(f.Names) == 1 && f.Names[0].IsExported() {
			fields = append(fields, &ast.Field{Names: f.Names, Type: f.Type})
		}
	}
	s.Fields = &ast.FieldList{List: fields}
}
