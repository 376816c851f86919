// Package testmodule lays out modules for tests, so that they build with the
// dependencies of this module and nothing has to be downloaded.
package testmodule

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/txtar"
)

// Extract writes the files of an archive to a new folder. The go.mod files get
// the requirements of this module, which then has the go.sum for all of them, and
// this module itself.
func Extract(t *testing.T, archive string) string {
	t.Helper()
	ar, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	requirements, sums := root(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range ar.Files {
		if filepath.Base(file.Name) == "go.mod" {
			file.Data = slices.Concat(file.Data, requirements)
			write(t, filepath.Join(dir, filepath.Dir(file.Name), "go.sum"), sums)
		}
		write(t, filepath.Join(dir, file.Name), file.Data)
	}
	return dir
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// root returns what this module requires, as a part of a go.mod, and its go.sum.
func root(t *testing.T) (requirements, sums []byte) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(string(out))
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(name, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	requirements = fmt.Appendf(requirements, "\nrequire %s v0.0.0 // indirect\n\nreplace %[1]s => %s\n", mod.Module.Mod.Path, filepath.Dir(name))
	for _, r := range mod.Require {
		requirements = fmt.Appendf(requirements, "\nrequire %s %s // indirect\n", r.Mod.Path, r.Mod.Version)
	}
	sums, err = os.ReadFile(filepath.Join(filepath.Dir(name), "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	return requirements, sums
}
