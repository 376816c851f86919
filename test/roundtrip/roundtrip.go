// Package roundtrip proves that messages survive the interface mapping: it generates Go code and bindings for schemas, builds a
// program of both, and has it send messages from an import to an export and back. Lowering, lifting and the passing of core
// parameters are those of guests; between them stands a copy that relocates, as hosts do.
//
// Tests run it on a few thousand messages. How many, and from which seed, is up to the caller, so that a fuzzer of any size is the
// same program.
package roundtrip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	gogoproto "github.com/gogo/protobuf/proto"
	"github.com/gogo/protobuf/protoc-gen-gogo/generator"
	"golang.org/x/tools/go/packages"
	gengo "google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/cofaas/cofaas/gen/golang"
	"github.com/cofaas/cofaas/internal/emit"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

// Options of [Build].
type Options struct {
	// Dir is where the program is made, a new folder.
	Dir string
	// ImportPaths and Files are the schemas, as for protoc. Every file names its Go package.
	ImportPaths, Files []string
	// API is that of protoc-gen-go, where the schemas do not choose: open, hybrid or opaque. With gogo, the messages are those of
	// gogo/protobuf, which are of APIv1.
	API string
	// OS and Arch are linux and 386, or wasip1 and wasm: platforms whose addresses fit in 32 bits. A Main that calls no bindings
	// runs on any.
	OS, Arch string
	// Main is a file of package main, in place of the one that calls the driver. In that package is also set, an encoded
	// FileDescriptorSet of the schemas and the service.
	Main string
}

const (
	// Module is that of the program. It is below the toolkit's and its host, whose internal packages it uses.
	module = "github.com/cofaas/cofaas/host/roundtrip"
	driver = "github.com/cofaas/cofaas/test/roundtrip/driver"
	// serviceFile declares the service Roundtrip, which has a method for each message.
	serviceFile = "roundtrip.proto"
	// servicePath is the package of its Go interface and implementation. exportsPath and importsPath are the bindings of functions
	// that serve and call it.
	servicePath = module + "/service"
	exportsPath = module + "/exports"
	importsPath = module + "/imports"
)

// Build makes the program and returns the path of its executable.
func Build(ctx context.Context, opts Options) (string, error) {
	b := &builder{Options: opts}
	messages := b.messages
	if opts.API == "gogo" {
		messages = b.gogo
	}
	for _, step := range []func(context.Context) error{b.load, messages, b.goMod, b.implementation, b.bindings, b.program} {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	exe := filepath.Join(opts.Dir, "roundtrip.exe")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w -checklinkname=0", "-o", exe, ".") // as guests are built
	cmd.Dir, cmd.Env = opts.Dir, b.env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return exe, nil
}

type builder struct {
	Options
	set *descriptorpb.FileDescriptorSet
	// service is that of serviceFile.
	service protoreflect.ServiceDescriptor
	// idents are the Go types of messages.
	idents map[protoreflect.FullName]protogen.GoIdent
	// packages are the import paths of generated messages, by file.
	packages map[string]string
}

func (b *builder) env() []string {
	return append(os.Environ(), "GOOS="+b.OS, "GOARCH="+b.Arch, "CGO_ENABLED=0", "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off")
}

func (b *builder) write(name string, content []byte) error {
	file := filepath.Join(b.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// load reads the schemas and adds the service.
func (b *builder) load(ctx context.Context) error {
	files, err := protoload.Load(ctx, protoload.Options{ImportPaths: b.ImportPaths}, b.Files...)
	if err != nil {
		return err
	}
	fd := &descriptorpb.FileDescriptorProto{
		Name: proto.String(serviceFile), Package: proto.String("roundtrip"), Syntax: proto.String("proto3"),
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Roundtrip")}},
	}
	var add func(messages protoreflect.MessageDescriptors)
	add = func(messages protoreflect.MessageDescriptors) {
		for i := range messages.Len() {
			md := messages.Get(i)
			if md.IsMapEntry() || md.Options().(*descriptorpb.MessageOptions).GetMessageSetWireFormat() {
				continue // protobuf-go does not send message sets.
			}
			s := fd.Service[0]
			s.Method = append(s.Method, &descriptorpb.MethodDescriptorProto{
				Name:      proto.String(fmt.Sprintf("M%d", len(s.Method))),
				InputType: proto.String("." + string(md.FullName())), OutputType: proto.String("." + string(md.FullName())),
			})
			add(md.Messages())
		}
	}
	for _, f := range files.All() {
		fd.Dependency = append(fd.Dependency, f.Path())
		add(f.Messages())
	}
	file, err := protodesc.NewFile(fd, files)
	if err != nil {
		return err
	}
	b.service = file.Services().Get(0)
	b.set = files.DescriptorSet()
	b.set.File = append(b.set.File, fd)
	return nil
}

// generate returns the request to a generator of Go code. Files are in packages of the program, unless they are in ones of other
// modules.
func (b *builder) generate() (*pluginpb.CodeGeneratorRequest, error) {
	req := &pluginpb.CodeGeneratorRequest{}
	b.packages = map[string]string{}
	b.idents = map[protoreflect.FullName]protogen.GoIdent{}
	var params []string
	for _, f := range b.set.File {
		if f.GetName() == serviceFile {
			continue
		}
		req.ProtoFile = append(req.ProtoFile, f)
		if linked(f.GetName()) {
			continue
		}
		goPackage, _, _ := strings.Cut(f.GetOptions().GetGoPackage(), ";")
		if goPackage == "" {
			return nil, fmt.Errorf("%s has no go_package", f.GetName())
		}
		// What is in an internal folder could not be imported.
		importPath := strings.ReplaceAll(path.Join(module, goPackage), "/internal/", "/inside/")
		params = append(params, "M"+f.GetName()+"="+importPath)
		req.FileToGenerate = append(req.FileToGenerate, f.GetName())
		b.packages[f.GetName()] = importPath
	}
	req.Parameter = proto.String(strings.Join(params, ","))
	return req, nil
}

// messages generates the Go code of messages with protoc-gen-go.
func (b *builder) messages(context.Context) error {
	req, err := b.generate()
	if err != nil {
		return err
	}
	*req.Parameter += ",default_api_level=API_" + strings.ToUpper(b.API)
	gen, err := protogen.Options{}.New(req)
	if err != nil {
		return err
	}
	var add func([]*protogen.Message)
	add = func(messages []*protogen.Message) {
		for _, m := range messages {
			b.idents[m.Desc.FullName()] = m.GoIdent
			add(m.Messages)
		}
	}
	for _, f := range gen.Files {
		add(f.Messages)
		if f.Generate {
			gengo.GenerateFile(gen, f)
		}
	}
	resp := gen.Response()
	if resp.Error != nil {
		return errors.New(resp.GetError())
	}
	for _, f := range resp.File {
		if err := b.write(strings.TrimPrefix(f.GetName(), module+"/"), []byte(f.GetContent())); err != nil {
			return err
		}
	}
	return nil
}

// gogo generates the Go code of messages with gogo/protobuf.
func (b *builder) gogo(context.Context) error {
	req, err := b.generate()
	if err != nil {
		return err
	}
	data, err := proto.Marshal(req)
	if err != nil {
		return err
	}
	g := generator.New()
	if err := gogoproto.Unmarshal(data, g.Request); err != nil {
		return err
	}
	g.CommandLineParameters(g.Request.GetParameter())
	g.WrapTypes()
	g.SetPackageNames()
	g.BuildTypeNameMap()
	g.GenerateAllFiles()
	if g.Response.Error != nil {
		return errors.New(g.Response.GetError())
	}
	for _, f := range g.Response.File {
		// They are laid out by import path.
		if err := b.write(strings.TrimPrefix(f.GetName(), module+"/"), []byte(f.GetContent())); err != nil {
			return err
		}
	}
	for _, f := range b.set.File {
		for _, m := range f.MessageType {
			b.addGogo(f, m, "")
		}
	}
	return nil
}

func (b *builder) addGogo(f *descriptorpb.FileDescriptorProto, m *descriptorpb.DescriptorProto, outer string) {
	name := outer + m.GetName()
	full := protoreflect.FullName(f.GetPackage() + "." + strings.ReplaceAll(name, "_", "."))
	b.idents[full] = protogen.GoImportPath(b.packages[f.GetName()]).Ident(name)
	for _, n := range m.NestedType {
		b.addGogo(f, n, name+"_")
	}
}

// linked reports whether a file has Go code in a module of its own.
func linked(name string) bool {
	_, err := protoregistry.GlobalFiles.FindFileByPath(name)
	return err == nil
}

// goMod requires what the module of this package does.
func (b *builder) goMod(context.Context) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return err
	}
	dir := strings.TrimSpace(string(out))
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	text := strings.Replace(string(mod), "module github.com/cofaas/cofaas/test\n", "module "+module+"\n", 1)
	text = strings.Replace(text, "=> ../", "=> "+filepath.Dir(dir), 1)
	text += fmt.Sprintf("\nrequire github.com/cofaas/cofaas/test v0.0.0\n\nreplace github.com/cofaas/cofaas/test => %s\n", dir)
	return errors.Join(b.write("go.mod", []byte(text)), b.write("go.sum", sum))
}

// implementation writes the interface of servers and an implementation that leaves all to the driver.
func (b *builder) implementation(context.Context) error {
	ctx := emit.Package("context").Ident("Context")
	f := emit.NewFile("service.go", "service", "Code generated by a test. DO NOT EDIT.")
	each := func(print func(name protoreflect.Name, message emit.Ident)) {
		for i := range b.service.Methods().Len() {
			m := b.service.Methods().Get(i)
			id := b.idents[m.Input().FullName()]
			print(m.Name(), emit.Ident{ImportPath: string(id.GoImportPath), Name: id.GoName})
		}
	}
	f.P("type RoundtripServer interface {")
	each(func(name protoreflect.Name, message emit.Ident) {
		f.P(name, "(", ctx, ", *", message, ") (*", message, ", error)")
	})
	f.P("}")
	f.P()
	f.P("type Impl struct{}")
	each(func(name protoreflect.Name, message emit.Ident) {
		f.P()
		f.P("func (Impl) ", name, "(_ ", ctx, ", in *", message, ") (*", message, ", error) {")
		f.P(emit.Package(driver).Ident("Served"), "(in)")
		f.P("return in, nil")
		f.P("}")
	})
	content, err := f.Content()
	if err != nil {
		return err
	}
	return b.write("service/service.go", content)
}

// bindings generates the bindings of two functions, of which one serves and the other one calls the service: in one function all
// messages would be of several methods, which bindings treat differently.
func (b *builder) bindings(ctx context.Context) error {
	m := model.Build([]protoreflect.ServiceDescriptor{b.service}, model.Options{}).Service(b.service.FullName())
	paths := map[string]bool{servicePath: true}
	for _, method := range m.Methods {
		paths[string(b.idents[method.Request.Name].GoImportPath)] = true
	}
	pkgs, err := packages.Load(&packages.Config{
		Context: ctx, Dir: b.Dir, Env: b.env(), BuildFlags: []string{"-trimpath"},
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps,
	}, slices.Sorted(maps.Keys(paths))...)
	if err != nil {
		return err
	}
	byPath := map[string]*types.Package{}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			return fmt.Errorf("%s: %w", p.PkgPath, p.Errors[0])
		}
		byPath[p.PkgPath] = p.Types
	}
	server := byPath[servicePath].Scope().Lookup("RoundtripServer").(*types.TypeName)
	var methods []golang.Method
	for _, method := range m.Methods {
		id := b.idents[method.Request.Name]
		obj := byPath[string(id.GoImportPath)].Scope().Lookup(id.GoName)
		if obj == nil {
			return fmt.Errorf("no Go type %v", id)
		}
		methods = append(methods, golang.Method{
			Method: method, RequestType: obj.Type(), ReplyType: obj.Type(),
			// Of the handler that the direct one stands for only the name counts.
			Handler: types.NewFunc(token.NoPos, server.Pkg(), string(method.Name), types.NewSignatureType(nil, nil, nil, nil, nil, false)),
			Server:  server,
		})
	}
	return errors.Join(
		b.writeBindings(exportsPath, golang.Options{Function: "exports", Exports: methods}),
		b.writeBindings(importsPath, golang.Options{Function: "imports", Imports: methods}))
}

func (b *builder) writeBindings(importPath string, opts golang.Options) error {
	files, err := golang.Bindings(opts)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		if name != "doc.go" {
			if content, err = unlink(content); err != nil {
				return err
			}
			name = "bindings.go" // without the suffix that is a build constraint
		}
		if err := b.write(path.Join(path.Base(importPath), name), content); err != nil {
			return err
		}
	}
	return nil
}

// unlink makes imports call the driver, and a table of exports, so that bindings run without a host.
func unlink(src []byte) ([]byte, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "bindings.go", src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	type edit struct {
		at   int
		text string
	}
	var edits []edit
	var exports bytes.Buffer
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Doc == nil {
			continue
		}
		fields := strings.Fields(fn.Doc.List[len(fn.Doc.List)-1].Text)
		switch fields[0] {
		case "//go:wasmexport":
			fmt.Fprintf(&exports, "%q: %s,\n", fields[1], fn.Name.Name)
		case "//go:wasmimport":
			var args []string
			for _, p := range fn.Type.Params.List {
				for _, n := range p.Names {
					args = append(args, n.Name)
				}
			}
			body := fmt.Sprintf(" {\ndriver.Call(%q, %s)\n}", fields[1]+"#"+fields[2], strings.Join(args, ", "))
			edits = append(edits, edit{fset.Position(fn.End()).Offset, body})
			edits = append(edits, edit{fset.Position(fn.Doc.Pos()).Offset + len("//"), " "}) // no directive anymore
		}
	}
	if len(edits) > 0 {
		edits = append(edits, edit{fset.Position(f.Name.End()).Offset, fmt.Sprintf("\n\nimport %q", driver)})
	}
	slices.SortFunc(edits, func(a, b edit) int { return b.at - a.at })
	for _, e := range edits {
		src = slices.Concat(src[:e.at], []byte(e.text), src[e.at:])
	}
	return fmt.Appendf(src, "\nvar Exports = map[string]any{\n%s}\n", exports.Bytes()), nil
}

// program writes package main.
func (b *builder) program(context.Context) error {
	set, err := proto.MarshalOptions{Deterministic: true}.Marshal(b.set)
	if err != nil {
		return err
	}
	if err := b.write("set.binpb", set); err != nil {
		return err
	}
	content, err := b.main()
	if err != nil {
		return err
	}
	if err := b.write("main.go", content); err != nil {
		return err
	}
	// Packages without messages may have extensions.
	extra := "package main\n\nimport (\n_ \"embed\"\n"
	for _, p := range append(slices.Compact(slices.Sorted(maps.Values(b.packages))), importsPath) {
		extra += fmt.Sprintf("_ %q\n", p)
	}
	return b.write("packages.go", []byte(extra+")\n\n//go:embed set.binpb\nvar set []byte\n"))
}

// main returns the file with function main.
func (b *builder) main() ([]byte, error) {
	if b.Main != "" {
		return os.ReadFile(b.Main)
	}
	f := emit.NewFile("main.go", "main", "Code generated by a test. DO NOT EDIT.")
	f.Reserve("set", "main")
	f.P("func main() {")
	f.P(emit.Package(driver).Ident("Main"), "(set, ", emit.Ident{ImportPath: exportsPath, Name: "Exports", Package: golang.PackageName}, ", ", emit.Package(servicePath).Ident("Impl"), "{}, map[string]any{")
	for i := range b.service.Methods().Len() {
		name := b.service.Methods().Get(i).Input().FullName()
		id := b.idents[name]
		f.P(fmt.Sprintf("%q", name), ": (*", emit.Ident{ImportPath: string(id.GoImportPath), Name: id.GoName}, ")(nil),")
	}
	f.P("})")
	f.P("}")
	return f.Content()
}
