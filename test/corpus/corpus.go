package corpus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/pbdesc"
	"github.com/cofaas/cofaas/internal/protoload"
)

// Module is the protos of a Go module.
type Module struct {
	Name, Version string
	// Files are the module's own, in the order of their names. A file that ships as source and in generated code is there
	// twice, the source first.
	Files []File

	module
	sources     mounted
	descriptors map[string]protoload.Descriptor // own ones
	all         map[string]protoload.Descriptor // and those of the other modules
}

// File is a file of the corpus.
type File struct {
	protoreflect.FileDescriptor
	// Source tells whether it was read from a .proto file.
	Source bool
	// Linked is what it was linked with.
	Linked *protoload.Files
}

// Load loads all modules. Findings are errors of t, and leave out the file concerned.
func Load(t testing.TB) []Module {
	t.Helper()
	dirs, err := locate()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newChecker()
	if err != nil {
		t.Fatal(err)
	}
	var mods []Module
	all := map[string]protoload.Descriptor{}
	for _, m := range modules {
		d := dirs[m.path]
		pkgs, err := c.packages(m, d.Dir)
		if err != nil {
			t.Fatal(err)
		}
		descriptors, err := pbdesc.Find(pkgs)
		if err != nil {
			t.Errorf("%s: %v", m.path, err)
		}
		sources, err := m.protos(d.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for name, d := range descriptors {
			if _, ok := all[name]; !ok {
				all[name] = d
			}
		}
		mods = append(mods, Module{Name: m.path, module: m, Version: d.Version, sources: sources, descriptors: descriptors})
	}
	for i := range mods {
		m := &mods[i]
		m.all = maps.Clone(all)
		maps.Copy(m.all, m.descriptors)
		m.load(t)
	}
	return mods
}

func (m *Module) load(t testing.TB) {
	m.add(t, protoload.Options{FS: m.sources, Descriptors: m.all}, slices.Sorted(maps.Keys(m.sources)), true)
	m.add(t, protoload.Options{FS: mounted{}, Descriptors: m.all}, slices.Sorted(maps.Keys(m.descriptors)), false)
	slices.SortStableFunc(m.Files, func(a, b File) int { return strings.Compare(a.Path(), b.Path()) })
}

// add loads files together if they can be, else each one by itself: modules may hold files that clash, as examples and
// copies do, which no program uses together.
func (m *Module) add(t testing.TB, opts protoload.Options, names []string, source bool) {
	if linked, err := protoload.Load(t.Context(), opts, names...); err == nil {
		for _, name := range names {
			m.addFile(t, linked, name, source)
		}
		return
	}
	for _, name := range names {
		linked, err := protoload.Load(t.Context(), opts, name)
		if err != nil {
			t.Errorf("%s: %s: %v", m.Name, name, err)
			continue
		}
		m.addFile(t, linked, name, source)
	}
}

func (m *Module) addFile(t testing.TB, linked *protoload.Files, name string, source bool) {
	fd, err := linked.FindFileByPath(name)
	if err != nil {
		t.Errorf("%s: %v", m.Name, err)
		return
	}
	m.Files = append(m.Files, File{FileDescriptor: fd, Source: source, Linked: linked})
}

type location struct{ Path, Version, Dir string }

// locate asks the go command where the modules are.
func locate() (map[string]location, error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.path)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("corpus: go mod download: %w", err)
	}
	dirs := map[string]location{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l location
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return dirs, nil
		} else if err != nil {
			return nil, err
		}
		dirs[l.Path] = l
	}
}
