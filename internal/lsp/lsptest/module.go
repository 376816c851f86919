package lsptest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/txtar"
)

// Extract writes the files of an archive, in txtar format, to a new folder, and returns it.
func Extract(t testing.TB, archive string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ExtractTo(t, dir, archive)
	return dir
}

// ExtractTo writes the files of an archive to a folder.
func ExtractTo(t testing.TB, dir, archive string) {
	t.Helper()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		Write(t, filepath.Join(dir, filepath.FromSlash(f.Name)), string(f.Data))
	}
}

// Prodcon makes a module of its own of the example, without what is generated for it and without its tests, and returns its folder.
// It builds with the dependencies of this module, so nothing has to be downloaded.
func Prodcon(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cofaas/cofaas").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	dir := Extract(t, "")
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := mod.AddModuleStmt("example.com/prodcon"); err != nil {
		t.Fatal(err)
	}
	for _, tool := range mod.Tool {
		if err := mod.DropTool(tool.Path); err != nil {
			t.Fatal(err)
		}
	}
	if data, err = mod.Format(); err != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(dir, "go.mod"), string(data))
	if data, err = os.ReadFile(filepath.Join(root, "go.sum")); err != nil {
		t.Fatal(err)
	}
	Write(t, filepath.Join(dir, "go.sum"), string(data))
	for _, pattern := range []string{"producer/*.go", "consumer/*.go", "protos/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, "example/prodcon", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(filepath.Join(root, "example/prodcon"), name)
			if err != nil {
				t.Fatal(err)
			}
			Write(t, filepath.Join(dir, rel), strings.ReplaceAll(string(data), `"github.com/cofaas/cofaas/example/prodcon/`, `"example.com/prodcon/`))
		}
	}
	return dir
}

// Write writes a file, and the folders that it is in.
func Write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
