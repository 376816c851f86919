package generate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/pbdesc"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/protoload"
)

// protos are the .proto files of an app's services.
type protos struct {
	files *protoload.Files
	model *model.Model
	// read are the files on disk, for the fingerprint.
	read []string
}

// loadProtos finds, parses and models the protos of all services in the plan.
func loadProtos(ctx context.Context, opts *Options, p *plan.Plan, pkgs map[string]*packages.Package) (*protos, error) {
	var errs []error
	var names []string
	roots := slices.Clone(opts.ImportPaths)
	// What has no .proto is read from the generated code.
	descriptors, unread := pbdesc.Find(slices.Collect(maps.Values(pkgs)))
	services := map[string]*analyzer.Service{}
	add := func(s *analyzer.Service) {
		if services[s.Name] != nil {
			return
		}
		services[s.Name] = s
		name, root, err := findProto(opts, s, pkgs[s.PkgPath])
		if err != nil {
			_, explicit := opts.Protos[s.Name]
			if _, ok := descriptors[s.Proto]; explicit || !ok {
				errs = append(errs, err)
				return
			}
			name, root = s.Proto, opts.Dir
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	for _, f := range p.Functions {
		for _, e := range f.Analysis.Exports {
			if slices.Contains(f.Exports, e.Service.Name) {
				add(e.Service)
			}
		}
		for _, i := range f.Analysis.Imports {
			if slices.Contains(f.Imports, i.Service.Name) {
				add(i.Service)
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(append(errs, unread)...)
	}
	slices.Sort(names)
	files, err := protoload.Load(ctx, protoload.Options{ImportPaths: roots, Descriptors: descriptors}, names...)
	if err != nil {
		return nil, err
	}
	out := &protos{files: files}
	for _, fd := range files.All() {
		if path := files.Path(fd); filepath.IsAbs(path) {
			out.read = append(out.read, path)
		}
	}
	var descs []protoreflect.ServiceDescriptor
	for _, name := range sortedKeys(services) {
		d, err := files.FindDescriptorByName(protoreflect.FullName(name))
		sd, ok := d.(protoreflect.ServiceDescriptor)
		if err != nil || !ok {
			errs = append(errs, fmt.Errorf("service %s: %s does not declare it, though the Go package %s was generated from it; run protoc again, or name the right file with -proto",
				name, services[name].Proto, services[name].PkgPath))
			continue
		}
		descs = append(descs, sd)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	out.model = model.Build(descs, model.Options{Locate: files.Path})
	return out, nil
}

// findProto returns the name by which the service's file is imported, and the folder that the name is relative to. The
// generated code says the name; the folder is an import path of the options, or the package's folder or one above it, up to the
// root of its module.
func findProto(opts *Options, s *analyzer.Service, pkg *packages.Package) (name, root string, err error) {
	if explicit, ok := opts.Protos[s.Name]; ok {
		return splitProto(opts, explicit)
	}
	if s.Proto == "" {
		return "", "", fmt.Errorf("service %s: the Go package %s does not say which .proto it was generated from; name it with -proto %s=FILE", s.Name, s.PkgPath, s.Name)
	}
	candidates := slices.Clone(opts.ImportPaths)
	if pkg != nil && pkg.Dir != "" {
		top := ""
		if pkg.Module != nil {
			top = pkg.Module.Dir
		}
		for dir := pkg.Dir; ; dir = filepath.Dir(dir) {
			candidates = append(candidates, dir)
			if dir == top || dir == filepath.Dir(dir) || top == "" {
				break
			}
		}
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(s.Proto))); err == nil {
			return s.Proto, dir, nil
		}
	}
	return "", "", fmt.Errorf("service %s: %s, from which the Go package %s was generated, is in none of %s; name the folder with -I, or the file with -proto %s=FILE",
		s.Name, s.Proto, s.PkgPath, strings.Join(candidates, ", "), s.Name)
}

// splitProto turns a path of -proto into a name relative to an import path, if one contains it.
func splitProto(opts *Options, path string) (name, root string, err error) {
	abs, err := filepath.Abs(filepath.Join(opts.Dir, path))
	if filepath.IsAbs(path) {
		abs = path
	}
	if err != nil {
		return "", "", err
	}
	if _, err := os.Stat(abs); err != nil {
		return "", "", fmt.Errorf("-proto: %w", err)
	}
	for _, dir := range opts.ImportPaths {
		if rel, err := filepath.Rel(dir, abs); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), dir, nil
		}
	}
	return filepath.Base(abs), filepath.Dir(abs), nil
}
