package protoload

import (
	"errors"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Descriptor is a file that was compiled before: it stands in for a source that cannot be found.
type Descriptor struct {
	// Path is where the descriptor was found, for [Files.Path] and the positions of errors.
	Path string
	// Proto is the file; its name is not looked at. It is not changed.
	Proto *descriptorpb.FileDescriptorProto
	// Err, if set, says why the descriptor cannot be used. It is reported where the file is asked for.
	Err error
}

// loadCompiled takes a file that has no source.
//
// Go programs link such files by the full names of what is in them, never by file names, and generators are run from
// any folder. So an import need not be there by its name: then what the file really uses decides.
func (l *loader) loadCompiled(name string, d Descriptor) error {
	fd := proto.CloneOf(d.Proto)
	fd.Name, fd.SourceCodeInfo = proto.String(name), nil
	f := &file{name: name, path: d.Path, fd: fd}
	f.declareCompiled()
	l.stack = append(l.stack, name)
	visible := map[*file]bool{f: true}
	imports, public := fd.Dependency, fd.PublicDependency
	fd.Dependency, fd.PublicDependency, fd.WeakDependency = nil, nil, nil
	add := func(dep string, isPublic bool) error {
		if slices.Contains(fd.Dependency, dep) {
			return nil
		}
		if err := l.load(dep, token.Position{Filename: f.path}, importSubject(dep), true); err != nil {
			return err
		}
		if isPublic {
			fd.PublicDependency = append(fd.PublicDependency, int32(len(fd.Dependency)))
		}
		fd.Dependency = append(fd.Dependency, dep)
		imp := l.files[dep]
		f.imports = append(f.imports, importStmt{public: isPublic, file: imp})
		f.broken = f.broken || imp == nil || imp.broken
		imp.offer(visible)
		return nil
	}
	for i, dep := range imports {
		dep = l.canonical(dep)
		if l.files[dep] == nil && !l.hasCompiled(dep) {
			continue
		}
		if err := add(dep, slices.Contains(public, int32(i))); err != nil {
			return err
		}
	}
	missing := false
	for _, full := range slices.Sorted(maps.Keys(references(fd))) {
		if f.broken || declaredIn(visible, full) { // what a broken import declares is not known
			continue
		}
		home, ok := l.home(full)
		if !ok {
			l.r.add(token.Position{Filename: f.path}, "file "+name,
				"type %s is declared in none of the generated packages, nor in a file that is imported by name; find its .proto, and name its folder as an import path", full)
			missing = true
			continue
		}
		if err := add(home, false); err != nil {
			return err
		}
	}
	f.broken = f.broken || missing
	l.stack = l.stack[:len(l.stack)-1]
	l.files[name] = f
	l.order = append(l.order, f)
	return nil
}

func declaredIn(files map[*file]bool, full string) bool {
	for f := range files {
		if _, ok := f.declared[full]; ok {
			return true
		}
	}
	return false
}

// canonical returns the name by which a file is known here: gogo/protobuf has well-known files under names of its own.
func (l *loader) canonical(name string) string {
	if known := path.Join("google/protobuf", path.Base(name)); wellKnown[known] &&
		l.opts.Descriptors[name].Proto.GetPackage() == "google.protobuf" {
		return known
	}
	return name
}

// otherName returns the name of the compiled file that an import of a source means, if no file has the name that it has
// there. One of the names is then the other without some folders in front: one generator was run further up.
func (l *loader) otherName(name string) (found string, ok bool) {
	if len(l.opts.Descriptors) == 0 || l.hasCompiled(name) || standIns[name] != "" {
		return "", false
	}
	if _, _, err := l.read(name); !errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	for other := range l.opts.Descriptors {
		if !strings.HasSuffix(name, "/"+other) && !strings.HasSuffix(other, "/"+name) {
			continue
		}
		// The longest shorter name shares most; of longer ones, the shortest.
		if !ok || betterName(name, other, found) {
			found, ok = other, true
		}
	}
	return l.canonical(found), ok
}

// betterName tells whether a fits name better than b.
func betterName(name, a, b string) bool {
	if short := len(a) < len(name); short != (len(b) < len(name)) {
		return short
	} else if len(a) != len(b) {
		return (len(a) > len(b)) == short
	}
	return a < b
}

// hasCompiled tells whether a file can be had without its source.
func (l *loader) hasCompiled(name string) bool {
	_, ok := l.opts.Descriptors[name]
	return ok || wellKnown[name] || linked[name]
}

// home returns the file without source that declares a message or an enum.
func (l *loader) home(full string) (string, bool) {
	if l.homes == nil {
		l.homes = map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(l.opts.Descriptors)) {
			if d := l.opts.Descriptors[name]; d.Err == nil {
				f := &file{fd: d.Proto}
				f.declareCompiled()
				for full, s := range f.declared {
					if _, ok := l.homes[full]; !ok && s.typ != nil {
						l.homes[full] = l.canonical(name)
					}
				}
			}
		}
	}
	if name, ok := l.homes[full]; ok {
		return name, true
	}
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(full))
	if err != nil || !wellKnown[d.ParentFile().Path()] && !linked[d.ParentFile().Path()] {
		return "", false
	}
	return d.ParentFile().Path(), true
}

// references returns the full names of the messages and enums that a compiled file mentions.
func references(fd *descriptorpb.FileDescriptorProto) map[string]bool {
	refs := map[string]bool{}
	add := func(name string) {
		if name != "" {
			refs[strings.TrimPrefix(name, ".")] = true
		}
	}
	fields := func(list []*descriptorpb.FieldDescriptorProto) {
		for _, f := range list {
			add(f.GetTypeName())
			add(f.GetExtendee())
		}
	}
	var messages func(list []*descriptorpb.DescriptorProto)
	messages = func(list []*descriptorpb.DescriptorProto) {
		for _, md := range list {
			fields(md.Field)
			fields(md.Extension)
			messages(md.NestedType)
		}
	}
	fields(fd.Extension)
	messages(fd.MessageType)
	for _, sd := range fd.Service {
		for _, m := range sd.Method {
			add(m.GetInputType())
			add(m.GetOutputType())
		}
	}
	return refs
}
