package golang_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/gen/golang"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

var update = flag.Bool("update", false, "write the goldens")

// TestBindings generates bindings for each archive in testdata and compares with the files below want/ in it, which is either
// the bindings or want/error. Archives have .proto files and Go packages, by import path, whose types have those fields,
// tags and methods of generated code that bindings look at, for servers too in some. What is generated has to compile. A service
// from imported.proto is called, others are served.
func TestBindings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := newCase(t, ar)
			got := c.generate(t)
			if again := c.generate(t); !maps.EqualFunc(got, again, bytes.Equal) {
				t.Errorf("two runs differ:\n%s", cmp.Diff(got, again))
			}
			if got["want/error"] == nil {
				c.compile(t, got)
			}
			if *update {
				ar.Files = slices.DeleteFunc(ar.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want/") })
				for _, name := range slices.Sorted(maps.Keys(got)) {
					ar.Files = append(ar.Files, txtar.File{Name: name, Data: got[name]})
				}
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string]string{}
			for _, f := range ar.Files {
				if strings.HasPrefix(f.Name, "want/") {
					want[f.Name] = string(f.Data)
				}
			}
			text := map[string]string{}
			for name, content := range got {
				text[name] = string(content)
			}
			if diff := cmp.Diff(want, text); diff != "" {
				t.Errorf("want/ (-want +got), rewritten by -update:\n%s", diff)
			}
		})
	}
}

type testCase struct {
	fset     *token.FileSet
	packages map[string]*types.Package
	sources  map[string][]byte // Go files by import path
	services []protoreflect.ServiceDescriptor
	types    map[string]types.Type // by what protoc-gen-go calls them
}

func newCase(t *testing.T, ar *txtar.Archive) *testCase {
	t.Helper()
	c := &testCase{
		fset: token.NewFileSet(), packages: map[string]*types.Package{}, sources: map[string][]byte{}, types: map[string]types.Type{},
	}
	var protos []string
	for _, f := range ar.Files {
		switch path.Ext(f.Name) {
		case ".proto":
			protos = append(protos, f.Name)
		case ".go":
			if !strings.HasPrefix(f.Name, "want/") {
				c.sources[path.Dir(f.Name)] = f.Data
			}
		}
	}
	for p := range c.sources {
		if _, err := c.Import(p); err != nil {
			t.Fatal(err)
		}
	}
	fsys, err := txtar.FS(ar)
	if err != nil {
		t.Fatal(err)
	}
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fsys}, protos...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range protos {
		fd, err := files.FindFileByPath(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range fd.Services().Len() {
			c.services = append(c.services, fd.Services().Get(i))
		}
	}
	return c
}

// Import implements types.Importer.
func (c *testCase) Import(importPath string) (*types.Package, error) {
	if p := c.packages[importPath]; p != nil {
		return p, nil
	}
	if importPath == "unsafe" {
		return types.Unsafe, nil
	}
	src, ok := c.sources[importPath]
	if !ok {
		return guestPackage(importPath)
	}
	p, err := c.check(importPath, src)
	c.packages[importPath] = p
	return p, err
}

func (c *testCase) check(importPath string, src []byte) (*types.Package, error) {
	f, err := parser.ParseFile(c.fset, importPath+".go", src, 0)
	if err != nil {
		return nil, err
	}
	return (&types.Config{Importer: c}).Check(importPath, c.fset, []*ast.File{f}, nil)
}

// guestPackages are the packages that bindings and generated messages import, as guests see them.
var guestPackages = sync.OnceValues(func() (map[string]*types.Package, error) {
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes,
		Env:  append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm"),
	}, "context", "github.com/cofaas/cofaas/guest", "github.com/cofaas/cofaas/guestproto", "google.golang.org/protobuf/protoadapt",
		"google.golang.org/protobuf/reflect/protoreflect")
	if err != nil {
		return nil, err
	}
	out := map[string]*types.Package{}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
		out[p.PkgPath] = p.Types
	}
	return out, nil
})

func guestPackage(importPath string) (*types.Package, error) {
	pkgs, err := guestPackages()
	if err != nil {
		return nil, err
	}
	if pkgs[importPath] == nil {
		return nil, fmt.Errorf("no package %s", importPath)
	}
	return pkgs[importPath], nil
}

// generate returns the wanted files, with the error as one.
func (c *testCase) generate(t *testing.T) map[string][]byte {
	t.Helper()
	m := model.Build(c.services, model.Options{})
	opts := golang.Options{Function: "fn"}
	for _, s := range c.services {
		for _, method := range m.Service(s.FullName()).Methods {
			d := s.Methods().ByName(method.Name)
			gm := golang.Method{Method: method, RequestType: c.goType(t, d.Input()), ReplyType: c.goType(t, d.Output())}
			gm.Handler, gm.Server = c.handler(s, method)
			if s.ParentFile().Path() == "imported.proto" {
				opts.Imports = append(opts.Imports, gm)
			} else {
				opts.Exports = append(opts.Exports, gm)
			}
		}
	}
	files, err := golang.Bindings(opts)
	if err != nil {
		if files != nil {
			t.Error("there are files beside an error")
		}
		return map[string][]byte{"want/error": []byte(err.Error() + "\n")}
	}
	out := map[string][]byte{}
	for name, content := range files {
		out["want/"+name] = content
	}
	return out
}

// handler finds the server interface and the handler of a method, in packages that have them.
func (c *testCase) handler(s protoreflect.ServiceDescriptor, m *model.Method) (*types.Func, *types.TypeName) {
	for _, pkg := range c.packages {
		handler, _ := pkg.Scope().Lookup(fmt.Sprintf("_%s_%s_Handler", s.Name(), m.Name)).(*types.Func)
		server, _ := pkg.Scope().Lookup(string(s.Name()) + "Server").(*types.TypeName)
		if handler != nil && server != nil {
			return handler, server
		}
	}
	return nil, nil
}

// goType finds the type that was generated for a message, in the package that is its proto package's with slashes.
func (c *testCase) goType(t *testing.T, d protoreflect.MessageDescriptor) types.Type {
	t.Helper()
	dir := strings.ReplaceAll(string(d.ParentFile().Package()), ".", "/")
	name := strings.TrimPrefix(string(d.FullName()), string(d.ParentFile().Package())+".")
	for p, pkg := range c.packages {
		if dir == "" || p == dir || strings.HasSuffix(p, "/"+dir) {
			if obj := pkg.Scope().Lookup(strings.ReplaceAll(name, ".", "_")); obj != nil {
				return obj.Type()
			}
		}
	}
	t.Fatalf("no Go type for %s", d.FullName())
	return nil
}

func (c *testCase) compile(t *testing.T, files map[string][]byte) {
	t.Helper()
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := parser.ParseFile(c.fset, name, files[name], parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	conf := types.Config{Importer: c, Error: func(err error) { t.Errorf("the bindings do not compile: %v", err) }}
	conf.Check("bindings", c.fset, parsed, nil)
}
