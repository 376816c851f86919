package unit

import (
	"bytes"
	"encoding/json"
	"go/build"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/tools/go/analysis/unitchecker"
	"golang.org/x/tools/go/gcexportdata"
)

// file writes a file and returns its name.
func file(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSkip(t *testing.T) {
	t.Setenv("GOWORK", "")
	dir := t.TempDir()
	empty := file(t, dir, "empty.vetx", header{}.append(nil))
	typed := file(t, dir, "typed.vetx", append(header{types: 3}.append(nil), "abc"...))
	facts := file(t, dir, "facts.vetx", append(header{types: 3, facts: 1}.append(nil), "abcd"...))

	plain := filepath.Join(dir, "plain")
	file(t, plain, "go.mod", []byte("module example.com/plain\n"))
	related := filepath.Join(dir, "related")
	file(t, related, "go.mod", []byte("module example.com/related\n\ntool github.com/cofaas/cofaas/cmd/cofaas-gen\n"))
	work := filepath.Join(dir, "work")
	file(t, work, "go.work", []byte("go 1.26\n\nuse (\n\t./a\n\t./b\n)\n"))
	file(t, work, "a/go.mod", []byte("module example.com/a\n"))
	file(t, work, "b/go.mod", []byte("module example.com/b\n\nrequire github.com/cofaas/cofaas v1.0.0\n"))
	idle := filepath.Join(dir, "idle")
	file(t, idle, "go.work", []byte("go 1.26\n\nuse ./a\n"))
	file(t, idle, "a/go.mod", []byte("module example.com/a\n"))

	unit := func(path, module, version, folder string, imports ...string) *unitchecker.Config {
		cfg := &unitchecker.Config{
			ImportPath: path, ModulePath: module, ModuleVersion: version, Dir: folder, GoFiles: []string{filepath.Join(folder, "x.go")},
			ImportMap: map[string]string{}, PackageFile: map[string]string{}, PackageVetx: map[string]string{},
			VetxOutput: filepath.Join(t.TempDir(), "vet.out"),
		}
		for _, i := range imports {
			cfg.ImportMap[i], cfg.PackageFile[i], cfg.PackageVetx[i] = i, "compiled", empty
		}
		return cfg
	}
	std := filepath.Join(build.Default.GOROOT, "src", "net", "http")
	change := func(cfg *unitchecker.Config, f func(*unitchecker.Config)) *unitchecker.Config {
		f(cfg)
		return cfg
	}
	for _, tt := range []struct {
		name string
		cfg  *unitchecker.Config
		want bool
	}{
		{"standard", unit("net/http", "", "", std, "io"), true},
		{"dependency", unit("example.com/dep", "example.com/dep", "v1.0.0", dir, "io"), true},
		{"grpc itself", unit("google.golang.org/grpc/status", "google.golang.org/grpc", "v1.0.0", dir, "google.golang.org/grpc/codes"), true},
		{"unrelated module", unit("example.com/plain/x", "example.com/plain", "", filepath.Join(plain, "x"), "io"), true},
		{"unrelated workspace", unit("example.com/a", "example.com/a", "", filepath.Join(idle, "a"), "io"), true},
		{"typed import", change(unit("net/http", "", "", std, "io"), func(c *unitchecker.Config) { c.PackageVetx["io"] = typed }), true},
		{"unsafe", change(unit("net/http", "", "", std, "io"), func(c *unitchecker.Config) { c.ImportMap["unsafe"] = "unsafe" }), true},

		{"dependency with grpc", unit("example.com/dep", "example.com/dep", "v1.0.0", dir, "google.golang.org/grpc/codes"), false},
		{"module with grpc", unit("example.com/plain/x", "example.com/plain", "", filepath.Join(plain, "x"), "google.golang.org/grpc"), false},
		{"related module", unit("example.com/related/x", "example.com/related", "", filepath.Join(related, "x"), "io"), false},
		{"related workspace", unit("example.com/a", "example.com/a", "", filepath.Join(work, "a"), "io"), false},
		{"no module", unit("x", "", "", dir, "io"), false},
		{"cgo", change(unit("example.com/dep", "example.com/dep", "v1.0.0", dir, "io"), func(c *unitchecker.Config) {
			c.GoFiles = append(c.GoFiles, filepath.Join(dir, "obj", "_cgo_gotypes.go"))
		}), false},
		{"facts below", change(unit("net/http", "", "", std, "io"), func(c *unitchecker.Config) { c.PackageVetx["io"] = facts }), false},
		{"types of imports unknown", change(unit("net/http", "", "", std, "io"), func(c *unitchecker.Config) { delete(c.PackageFile, "io") }), false},
		{"no imports", unit("internal/goarch", "", "", std), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Skip(tt.cfg)
			if err != nil || got != tt.want {
				t.Fatalf("got %t, %v", got, err)
			}
			out, err := os.ReadFile(tt.cfg.VetxOutput)
			if tt.want && !bytes.Equal(out, header{}.append(nil)) || !tt.want && err == nil {
				t.Errorf("facts: %q, %v", out, err)
			}
		})
	}
	for name, data := range map[string]string{"short": "vetx", "other": "something else"} {
		t.Run(name, func(t *testing.T) {
			cfg := change(unit("net/http", "", "", std, "io"), func(c *unitchecker.Config) { c.PackageVetx["io"] = file(t, dir, name, []byte(data)) })
			if skip, err := Skip(cfg); err == nil {
				t.Errorf("got %t, want an error", skip)
			}
		})
	}
}

// TestPrepare takes types from files that the compiler has written, and reads
// them as unitchecker does.
func TestPrepare(t *testing.T) {
	out, err := exec.Command("go", "list", "-export", "-f", "{{.Export}}", "context", "net/http").Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := bytes.Fields(out)
	if len(exports) != 2 {
		t.Fatalf("got %q", out)
	}
	dir := t.TempDir()
	empty := file(t, dir, "empty.vetx", header{}.append(nil))
	typed := file(t, dir, "typed.vetx", append(header{types: 3}.append(nil), "abc"...))
	cfg := &unitchecker.Config{
		ID:          "x",
		PackageFile: map[string]string{"context": string(exports[0]), "net/http": string(exports[1])},
		PackageVetx: map[string]string{"net/http": empty, "context": empty, "typed": typed},
	}
	name, err := Prepare(cfg, dir)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.PackageVetx["context"] != empty {
		t.Error("the configuration itself has changed")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var prepared unitchecker.Config
	if err := json.Unmarshal(data, &prepared); err != nil {
		t.Fatal(err)
	}
	if prepared.ID != "x" || prepared.PackageVetx["typed"] != typed {
		t.Errorf("got %+v", prepared)
	}
	imports := make(map[string]*types.Package)
	for path, object := range map[string]string{"net/http": "Client", "context": "Context"} {
		vetx, err := os.ReadFile(prepared.PackageVetx[path])
		if err != nil {
			t.Fatal(err)
		}
		pkg, err := gcexportdata.Read(bytes.NewReader(append([]byte("i"), vetx[headerLength:]...)), token.NewFileSet(), imports, path)
		if err != nil {
			t.Fatal(err)
		}
		if pkg.Scope().Lookup(object) == nil {
			t.Errorf("%s has no %s", path, object)
		}
	}

	cfg.PackageFile["context"] = filepath.Join(dir, "none")
	if _, err := Prepare(cfg, dir); err == nil {
		t.Error("no error for types that are not there")
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if cfg, err := Read(file(t, dir, "a.cfg", []byte(`{"ImportPath": "x"}`))); err != nil || cfg.ImportPath != "x" {
		t.Errorf("got %v, %v", cfg, err)
	}
	if _, err := Read(file(t, dir, "b.cfg", []byte(`{`))); err == nil {
		t.Error("no error for what is no JSON")
	}
	if _, err := Read(filepath.Join(dir, "c.cfg")); err == nil {
		t.Error("no error for a file that is not there")
	}
}
