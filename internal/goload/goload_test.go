package goload_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"

	"github.com/cofaas/cofaas/internal/goload"
)

// TestLoad_Errors has the go command itself say what is wrong. In what is wanted, $DIR is the directory of the case.
func TestLoad_Errors(t *testing.T) {
	const module = "-- go.mod --\nmodule example.com/m\n\ngo 1.26\n-- m.go --\npackage m\n"
	for _, tt := range []struct {
		name, files, dir string
		env              []string
		want             string
	}{
		{
			name:  "syntax of go.mod",
			files: strings.Replace(module, "go 1.26\n", "go 1.26\n\nrequir x\nexclud y\n", 1),
			want:  "$DIR/go.mod:5: unknown directive: requir; correct it\n$DIR/go.mod:6: unknown directive: exclud; correct it",
		},
		{
			name:  "syntax of go.work",
			files: module + "-- go.work --\ngo 1.26\n\nusing .\n",
			want:  "$DIR/go.work:3: unknown directive: using; correct it",
		},
		{
			name:  "newer Go",
			files: strings.Replace(module, "1.26", "1.999", 1),
			want:  "$DIR/go.mod: needs Go 1.999, and this is Go $VERSION; install that, or have the go command do so: GOTOOLCHAIN=auto",
		},
		{
			name:  "newer Go in a workspace",
			files: module + "-- go.work --\ngo 1.999\n\nuse .\n",
			want:  "$DIR/go.work: needs Go 1.999, and this is Go $VERSION; install that, or have the go command do so: GOTOOLCHAIN=auto",
		},
		{
			name:  "missing folder in go.work",
			files: module + "-- go.work --\ngo 1.26\n\nuse (\n\t.\n\t./missing\n)\n",
			want:  "$DIR/go.work: uses the module in missing, which is not there; to do without it: go work edit -dropuse=missing",
		},
		{
			name:  "older go.work",
			files: strings.Replace(module, "1.26", "1.26.1", 1) + "-- go.work --\ngo 1.25\n\nuse .\n",
			want:  "$DIR/go.work: is for Go 1.25, and the module in . for 1.26.1; to update it: go work use",
		},
		{
			name:  "not vendored",
			files: strings.Replace(module, "go 1.26\n", "go 1.26\n\nrequire example.com/x v1.0.0\n", 1),
			env:   []string{"GOFLAGS=-mod=vendor"},
			want:  "$DIR/go.mod: is not what the folder vendor was made for; to make it anew: go mod vendor, or go work vendor in a workspace; to do without it: GOFLAGS=-mod=mod",
		},
		{
			name: "go.mod out of date",
			files: strings.Replace(module, "go 1.26\n", "go 1.26\n\nrequire example.com/x v1.0.0\n\nreplace (\n\texample.com/x => ./x\n\texample.com/y => ./y\n)\n", 1) +
				"-- x/go.mod --\nmodule example.com/x\n\ngo 1.26\n\nrequire example.com/y v1.2.0\n-- x/x.go --\npackage x\n\nimport _ \"example.com/y\"\n-- y/go.mod --\nmodule example.com/y\n-- y/y.go --\npackage y\n-- m2.go --\npackage m\n\nimport _ \"example.com/x\"\n",
			want: "$DIR/go.mod: is not up to date; to update it: go mod tidy",
		},
		{
			name:  "no network for a go.mod file",
			files: strings.Replace(module, "go 1.26\n", "go 1.16\n\nrequire example.com/x v1.0.0\n", 1),
			env:   []string{"GOFLAGS=-mod=mod", "GOPROXY=off"},
			want:  "$DIR/go.mod: needs what is not in the module cache, and GOPROXY=off: example.com/x@v1.0.0; to fetch it, without GOPROXY=off: go mod download",
		},
		{
			name:  "no module",
			files: "-- m.go --\npackage m\n",
			want:  "$DIR: is in no Go module; go to one, or make one: go mod init",
		},
		{
			name:  "outside of the workspace",
			files: module + "-- go.work --\ngo 1.26\n\nuse .\n-- other/go.mod --\nmodule example.com/other\n-- other/other.go --\npackage other\n",
			dir:   "other",
			want:  "$DIR/other: is in none of the modules of $DIR/go.work; in a workspace, to add it: go work use .",
		},
		{
			name:  "no go command",
			files: module,
			env:   []string{"PATH=/nonexistent"},
			want:  "there is no go command in PATH; install Go 1.26 or later: https://go.dev/doc/install",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, kv := range tt.env {
				if path, ok := strings.CutPrefix(kv, "PATH="); ok {
					t.Setenv("PATH", path) // The go command is looked up in that of the process.
				}
			}
			root := extract(t, tt.files)
			_, err := goload.Load(config(t, filepath.Join(root, tt.dir), tt.env...), "./...")
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), root, "$DIR")
			}
			want := strings.ReplaceAll(tt.want, "$VERSION", goVersion(t))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	root := extract(t, "-- go.mod --\nmodule example.com/m\n\ngo 1.26\n-- m.go --\npackage m\n\nvar x int = \"\"\n")
	pkgs, err := goload.Load(config(t, root), "./...", "./missing")
	if err != nil {
		t.Fatalf("what is wrong with packages is no error of Load: %v", err)
	}
	var paths []string
	for _, p := range pkgs {
		paths = append(paths, p.PkgPath)
		if len(p.Errors) == 0 {
			t.Errorf("%s has no errors", p.PkgPath)
		}
	}
	slices.Sort(paths)
	if diff := cmp.Diff([]string{"./missing", "example.com/m"}, paths); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

func TestInModule(t *testing.T) {
	root := extract(t, "-- m/go.mod --\nmodule example.com/m\n-- w/go.work --\ngo 1.26\n-- none/m.go --\npackage m\n")
	for dir, want := range map[string]string{
		"m": "", "w": "", "none": "$DIR/none: is in no Go module; go to one, or make one: go mod init",
	} {
		got := ""
		if err := goload.InModule(t.Context(), filepath.Join(root, dir), nil); err != nil {
			got = strings.ReplaceAll(err.Error(), root, "$DIR")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
}

func config(t *testing.T, dir string, env ...string) *packages.Config {
	return &packages.Config{
		Context: t.Context(),
		Mode:    packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax,
		Dir:     dir,
		Env:     slices.Concat(os.Environ(), []string{"GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=", "GOPROXY=off"}, env),
	}
}

func extract(t *testing.T, files string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(files)).Files {
		name := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// goVersion is the version of the go command, as it calls itself.
func goVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return "" // in the case without a go command
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "go")
}
