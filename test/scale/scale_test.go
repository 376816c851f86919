package scale

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cofaas/cofaas/test/internal/programs"
)

var (
	programsDir = flag.String("scale.programs", "", "measure cofaas-gen and cofaas-vet in this `folder`, instead of this tree's")
	emptyCache  = flag.Bool("scale.emptygocache", false, "measure with an empty build cache too")
)

var scratch string // lives as long as the tests

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(programs.Main(m, &scratch))
}

// setup is the module, and the programs that look at it.
type setup struct{ module, bin string }

var setupOnce = sync.OnceValues(func() (*setup, error) {
	s := &setup{module: filepath.Join(scratch, "module"), bin: filepath.Join(scratch, "bin")}
	if err := makeModule(s.module); err != nil {
		return nil, err
	}
	if *programsDir != "" {
		s.bin = *programsDir
		return s, nil
	}
	return s, programs.Go("../..", "build", "-o", s.bin+"/", "./cmd/cofaas-gen", "./cmd/cofaas-vet")
})

func get(tb testing.TB) *setup {
	tb.Helper()
	s, err := setupOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// run runs a program in the module, with a folder for caches. cofaas-vet may find something.
func (s *setup) run(tb testing.TB, cache string, env []string, args ...string) []byte {
	tb.Helper()
	cmd := exec.Command(filepath.Join(s.bin, args[0]), args[1:]...)
	cmd.Dir = s.module
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false", "GOCACHE="+strings.TrimSpace(string(goCache)), "XDG_CACHE_HOME="+cache)
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (args[0] != "cofaas-vet" || !errors.As(err, &exit) || exit.ExitCode() != 1) {
		tb.Fatalf("%s: %v\n%s", args, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// TestPlan checks that what is measured is right, and the same when it comes from a cache.
func TestPlan(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a large module")
	}
	s := get(t)
	pkgs, err := exec.Command("go", "list", "-C", s.module, "./...").Output()
	if n := bytes.Count(pkgs, []byte("\n")); err != nil || n != 200 {
		t.Errorf("%d packages, %v", n, err)
	}
	cache := t.TempDir()
	cold := s.run(t, cache, nil, "cofaas-gen", "plan", "-json")
	var p struct {
		Functions []struct{ Name string }
		Edges     []struct{ From, To, Service string }
	}
	if err := json.Unmarshal(cold, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Functions) != functions {
		t.Errorf("%d functions", len(p.Functions))
	}
	got := map[string]bool{}
	for _, e := range p.Edges {
		got[fmt.Sprintf("%s %s %s", e.From, e.To, e.Service)] = true
	}
	n := 0
	for from, list := range calls {
		for _, to := range list {
			n++
			if edge := fmt.Sprintf("f%02d f%02d scale.p%02d.S%02d", from, to, to, to); !got[edge] {
				t.Errorf("no edge %s", edge)
			}
		}
	}
	if len(got) != n {
		t.Errorf("%d edges, want %d: %v", len(got), n, got)
	}
	if warm := s.run(t, cache, nil, "cofaas-gen", "plan", "-json"); !bytes.Equal(cold, warm) {
		t.Errorf("the second run prints\n%s", warm)
	}
	vet := s.run(t, cache, nil, "cofaas-vet", "./...")
	if warm := s.run(t, cache, nil, "cofaas-vet", "./..."); !bytes.Equal(vet, warm) {
		t.Errorf("cofaas-vet prints\n%s\nand then\n%s", vet, warm)
	}
}

// BenchmarkCommands measures whole runs: cold is without a cache of the toolkit's, warm a second run with nothing changed, changed
// one after a change in a package that a function uses. go vet is there for comparison.
func BenchmarkCommands(b *testing.B) {
	s := get(b)
	for _, command := range [][]string{{"cofaas-gen", "plan"}, {"cofaas-vet", "./..."}} {
		b.Run(command[0]+"/cold", func(b *testing.B) {
			for b.Loop() {
				s.run(b, b.TempDir(), nil, command...)
			}
		})
		b.Run(command[0]+"/warm", func(b *testing.B) {
			cache := b.TempDir()
			s.run(b, cache, nil, command...)
			for b.Loop() {
				s.run(b, cache, nil, command...)
			}
		})
		b.Run(command[0]+"/changed", func(b *testing.B) {
			cache := b.TempDir()
			s.run(b, cache, nil, command...)
			path := filepath.Join(s.module, "domain/d120/part0.go")
			old, err := os.ReadFile(path)
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := os.WriteFile(path, old, 0o644); err != nil {
					b.Fatal(err)
				}
			}()
			for i := 0; b.Loop(); i++ {
				if err := os.WriteFile(path, fmt.Appendf(old[:len(old):len(old)], "\nvar change = %d\n", i), 0o644); err != nil {
					b.Fatal(err)
				}
				s.run(b, cache, nil, command...)
			}
		})
		if *emptyCache {
			b.Run(command[0]+"/emptygocache", func(b *testing.B) {
				for b.Loop() {
					s.run(b, b.TempDir(), []string{"GOCACHE=" + b.TempDir()}, command...)
				}
			})
		}
	}
}
