package loader_test

import (
	"context"
	"errors"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"

	"github.com/cofaas/cofaas/internal/loader"
)

func near(p *packages.Package) bool { return p.PkgPath == "google.golang.org/grpc" }

// TestPackages_Same compares with what package packages loads, which takes longer: types of everything that a program consists of.
func TestPackages_Same(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a program twice")
	}
	t.Parallel()
	const program = "github.com/cofaas/cofaas/example/prodcon/producer"
	want, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax | packages.NeedModule | packages.NeedEmbedFiles}, program)
	if err != nil {
		t.Fatal(err)
	}
	for _, bodies := range []bool{false, true} {
		got, err := load(packages.Config{}, loader.Options{Near: near, Bodies: bodies}, program)
		if err != nil {
			t.Fatal(err)
		}
		wants := map[string]*packages.Package{}
		packages.Visit(want, nil, func(p *packages.Package) { wants[p.PkgPath] = p })
		packages.Visit(got, nil, func(p *packages.Package) {
			w := wants[p.PkgPath]
			if w == nil {
				t.Errorf("%s is not part of the program", p.PkgPath)
				return
			}
			delete(wants, p.PkgPath)
			if diff := cmp.Diff(scope(w), scope(p)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", p.PkgPath, diff)
			}
			if p.IllTyped != w.IllTyped || len(p.Errors) != len(w.Errors) {
				t.Errorf("%s: %v", p.PkgPath, p.Errors)
			}
			switch wantSyntax, has := syntaxIsWanted(p.PkgPath), len(p.Syntax) > 0; {
			case has != wantSyntax:
				t.Errorf("%s has syntax: %t", p.PkgPath, has)
			case has && (len(p.Syntax) != len(w.Syntax) || len(p.TypesInfo.Types) != len(w.TypesInfo.Types)):
				t.Errorf("%s: %d files and %d types of expressions, want %d and %d", p.PkgPath, len(p.Syntax), len(p.TypesInfo.Types), len(w.Syntax), len(w.TypesInfo.Types))
			}
		})
		for path := range wants {
			t.Errorf("no %s", path)
		}
	}
}

// syntaxIsWanted says which packages of the program import grpc, or are of this module.
func syntaxIsWanted(path string) bool {
	for _, prefix := range []string{"google.golang.org/grpc/health", "google.golang.org/grpc/reflection", "github.com/cofaas/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "google.golang.org/grpc"
}

func scope(p *packages.Package) []string {
	var list []string
	for _, name := range p.Types.Scope().Names() {
		list = append(list, types.ObjectString(p.Types.Scope().Lookup(name), nil))
	}
	return list
}

// TestPackages_Errors compares what is wrong with programs.
func TestPackages_Errors(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]string{
		"types":           "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport \"strings\"\n\nfunc f() int { return \"\" + undefined }\n\nvar x int = \"\"\n",
		"unused":          "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport \"m/b\"\n\nfunc f() { b.B(1) }\n-- b/b.go --\npackage b\n\nimport \"os\"\n\nfunc B() { unused := 1 }\n",
		"syntax":          "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nfunc f( {\n\nfunc g() { return }\n}\n-- b.go --\npackage m\n\nvar x = f\n",
		"names":           "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n-- b.go --\npackage n\n",
		"cycle":           "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport _ \"m/b\"\n-- b/b.go --\npackage b\n\nimport _ \"m\"\n",
		"missing":         "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport \"m/none\"\n\nvar x = none.X\n",
		"missing module":  "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport \"example.com/none\"\n\nvar x = none.X\n",
		"missing in std":  "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport \"net/htp\"\n\nvar x = htp.X\n",
		"cgo":             "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nimport \"C\"\n\nvar x C.int\n",
		"no files":        "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\n//go:build windows\n\npackage m\n",
		"no body":         "-- go.mod --\nmodule m\n\ngo 1.26.0\n-- a.go --\npackage m\n\nfunc init()\n",
		"language":        "-- go.mod --\nmodule m\n\ngo 1.17\n-- a.go --\npackage m\n\nfunc f[T any](x T) {}\n",
		"nothing matches": "-- go.mod --\nmodule m\n\ngo 1.26.0\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, f := range txtar.Parse([]byte(files)).Files {
				path := filepath.Join(dir, f.Name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			env := append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOPROXY=off", "CGO_ENABLED=0")
			want, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax | packages.NeedModule, Dir: dir, Env: env}, "./...")
			if err != nil {
				t.Fatal(err)
			}
			got, err := load(packages.Config{Dir: dir, Env: env}, loader.Options{Near: near}, "./...")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(problems(want), problems(got)); diff != "" {
				t.Errorf("(-packages.Load +got):\n%s", diff)
			}
		})
	}
}

func problems(pkgs []*packages.Package) []string {
	var list []string
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if p.IllTyped {
			list = append(list, "ill typed "+p.PkgPath)
		}
		for _, e := range p.Errors {
			text, _, _ := strings.Cut(e.Error(), " (import cycle") // package packages says which one, as the go command has before
			list = append(list, p.PkgPath+" "+text)
		}
	})
	slices.Sort(list)
	return list
}

func TestPackages_Overlay(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("../hostserved/hostserved.go")
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pkgs, err := load(packages.Config{Overlay: map[string][]byte{file: append(src, "\nvar added = 1\n"...)}}, loader.Options{Near: near}, "../hostserved")
	if err != nil || len(pkgs) != 1 || pkgs[0].Types.Scope().Lookup("added") == nil {
		t.Errorf("%v, %v", pkgs, err)
	}
}

func TestPackages_Cancelled(t *testing.T) {
	t.Parallel()
	pkgs, err := loader.List(packages.Config{}, "fmt")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := loader.Check(ctx, pkgs, loader.Options{Near: near}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// load is List and then Check.
func load(cfg packages.Config, opts loader.Options, patterns ...string) ([]*packages.Package, error) {
	pkgs, err := loader.List(cfg, patterns...)
	if err != nil {
		return nil, err
	}
	opts.Overlay = cfg.Overlay
	return pkgs, loader.Check(context.Background(), pkgs, opts)
}
