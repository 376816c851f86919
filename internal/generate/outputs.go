package generate

import (
	"errors"
	"fmt"
	"go/types"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/gen/golang"
	"github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/hostgen"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/templates"
)

// The folders that generation owns, below the package of a function.
const (
	outputDir   = "cofaas"
	guestsDir   = "guests"
	bindingsDir = golang.PackageName
)

// outputs returns the generated files of an app, but for its guests, by absolute path.
func (p *project) outputs(app *plan.App) (map[string][]byte, error) {
	dir := filepath.Join(app.Root.Dir, outputDir)
	out := map[string][]byte{
		// Guests are built, not checked in; the file itself is, so that the host always has something to embed.
		filepath.Join(dir, guestsDir, ".gitignore"): []byte("*\n!.gitignore\n"),
	}
	m, err := p.appModel(app)
	if err != nil {
		return nil, err
	}
	if err := mapping.CheckNames(m); err != nil {
		return nil, err
	}
	out[filepath.Join(dir, "app.wit")] = appWIT(app, m)
	if out[filepath.Join(dir, "main.go")], err = hostgen.Main(app, p.network); err != nil {
		return nil, err
	}
	if out[filepath.Join(dir, "app.binpb")], err = p.descriptors(app); err != nil {
		return nil, err
	}
	if !slices.Contains(app.Root.PlacesIn(app.Root.Name), placement.Wasm) {
		return out, nil // only guests have bindings
	}
	bindings, err := p.bindings(app.Root)
	if err != nil {
		return nil, err
	}
	for name, content := range bindings {
		out[filepath.Join(dir, bindingsDir, name)] = content
	}
	return out, nil
}

// services are all that the app's functions serve and call, sorted.
func services(app *plan.App) []string {
	var names []string
	for _, f := range app.Functions {
		names = append(append(names, f.Exports...), f.Imports...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *project) appModel(app *plan.App) (*model.Model, error) {
	var descs []protoreflect.ServiceDescriptor
	for _, name := range services(app) {
		d, err := p.protos.files.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return nil, err
		}
		descs = append(descs, d.(protoreflect.ServiceDescriptor))
	}
	return model.Build(descs, model.Options{Locate: p.protos.files.Path}), nil
}

func appWIT(app *plan.App, m *model.Model) []byte {
	list := func(names []string) []*model.Service {
		var out []*model.Service
		for _, n := range names {
			out = append(out, m.Service(protoreflect.FullName(n)))
		}
		return out
	}
	root := app.Root
	return wit.Document(root.Name, "The function "+root.Name+" and the app that it reaches.", []wit.World{
		{Name: root.Name, Doc: "The function alone: a guest.", Runtime: true, Imports: list(root.Imports), Exports: list(root.Exports)},
		{Name: "top-level", Doc: "The app: what the host serves, all calls between functions answered.", Exports: list(root.Exports)},
	}, m)
}

// descriptors returns the app's files as a FileDescriptorSet, dependencies first.
func (p *project) descriptors(app *plan.App) ([]byte, error) {
	need := map[string]bool{}
	var visit func(fd protoreflect.FileDescriptor)
	visit = func(fd protoreflect.FileDescriptor) {
		if need[fd.Path()] {
			return
		}
		need[fd.Path()] = true
		for i := range fd.Imports().Len() {
			visit(fd.Imports().Get(i).FileDescriptor)
		}
	}
	for _, name := range services(app) {
		d, err := p.protos.files.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			return nil, err
		}
		visit(d.ParentFile())
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, fd := range p.protos.files.DescriptorSet().File {
		if need[fd.GetName()] {
			set.File = append(set.File, fd)
		}
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(set)
}

// bindings returns the bindings package of a function, by base name.
func (p *project) bindings(f *plan.Function) (map[string][]byte, error) {
	opts := golang.Options{Function: f.Name}
	var errs []error
	byName := map[string]*analyzer.Service{}
	analysis := p.target(placement.Wasm).functions[f.Package]
	for _, e := range analysis.Exports {
		byName[e.Service.Name] = e.Service
	}
	for _, i := range analysis.Imports {
		if byName[i.Service.Name] == nil {
			byName[i.Service.Name] = i.Service
		}
	}
	methods := func(names []string) []golang.Method {
		var out []golang.Method
		for _, name := range names {
			for _, m := range p.protos.model.Service(protoreflect.FullName(name)).Methods {
				gm, err := p.goMethod(byName[name], m)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				out = append(out, gm)
			}
		}
		return out
	}
	opts.Exports, opts.Imports = methods(f.Exports), methods(f.Imports)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return golang.Bindings(opts)
}

// goMethod finds the Go types of a method's messages, in guests.
func (p *project) goMethod(s *analyzer.Service, m *model.Method) (golang.Method, error) {
	gm := golang.Method{Method: m}
	am := s.Method(string(m.Name))
	if am == nil {
		return gm, &model.Error{Pos: m.Pos, Subject: "rpc " + m.FullMethod(), Problem: "the Go package " + s.PkgPath + " does not have it; run protoc again"}
	}
	if am.ClientStreams != m.StreamingClient || am.ServerStreams != m.StreamingServer {
		return gm, &model.Error{Pos: m.Pos, Subject: "rpc " + m.FullMethod(), Problem: "the Go package " + s.PkgPath + " has it with other streams; run protoc again"}
	}
	var err error
	if gm.RequestType, err = p.goType(m, am.Request); err != nil {
		return gm, err
	}
	if gm.ReplyType, err = p.goType(m, am.Reply); err != nil {
		return gm, err
	}
	direct(p.target(placement.Wasm).byPath[s.PkgPath], string(m.Service.Name.Name()), &gm)
	return gm, nil
}

func (p *project) goType(m *model.Method, msg analyzer.Message) (types.Type, error) {
	if pkg := p.target(placement.Wasm).byPath[msg.PkgPath]; pkg != nil && pkg.Types != nil {
		if obj := pkg.Types.Scope().Lookup(msg.Name); obj != nil {
			return obj.Type(), nil
		}
	}
	return nil, &model.Error{Pos: m.Pos, Subject: "rpc " + m.FullMethod(), Problem: fmt.Sprintf("the Go type %s.%s of its messages was not found", msg.PkgPath, msg.Name)}
}

// guestMain is the file that is added to a function's main package in its stage.
func guestMain(f *plan.Function) ([]byte, error) {
	return templates.Go("guest_main.go", struct{ Bindings string }{bindingsPath(f)})
}

func bindingsPath(f *plan.Function) string { return f.Package + "/" + outputDir + "/" + bindingsDir }
