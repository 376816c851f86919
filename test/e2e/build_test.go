package e2e

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cofaas/cofaas/internal/generate"
)

// The functions of the tests, in the copy of this module in which they are generated.
var functions = map[string]string{
	"producer": "e2e/apps/prodcon/producer",
	"consumer": "e2e/apps/prodcon/consumer",
	"relay":    "e2e/apps/pair/relay",
	"echo":     "e2e/apps/pair/echo",
	"outer":    "e2e/apps/shapes/outer",
	"inner":    "e2e/apps/shapes/inner",
	"front":    "e2e/apps/kit/front",
	"back":     "e2e/apps/kit/back",
	"source":   "e2e/apps/flow/source",
	"sink":     "e2e/apps/flow/sink",
}

// built has the programs, by function.
type built struct {
	dir          string // a copy of this module with the generated hosts
	native, host map[string]string
	// cache holds the compiled guests.
	cache string
}

var scratch string // lives as long as the tests

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cofaas-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if scratch, err = filepath.EvalSymlinks(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build makes all programs once for the whole package.
func build(t *testing.T) *built {
	t.Helper()
	if testing.Short() {
		t.Skip("builds guests, which takes long")
	}
	b, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var builtOnce = sync.OnceValues(func() (*built, error) {
	b := &built{dir: filepath.Join(scratch, "test"), native: map[string]string{}, host: map[string]string{}, cache: filepath.Join(scratch, "compiled")}
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	if err := copyModule(b.dir, root); err != nil {
		return nil, err
	}
	_, err = generate.Run(context.Background(), generate.Options{Dir: b.dir, StageDir: filepath.Join(scratch, "stage"), Tool: scratch})
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	bin := filepath.Join(scratch, "bin")
	for name, pkg := range functions {
		b.native[name], b.host[name] = filepath.Join(bin, name), filepath.Join(bin, name+"-host")
		for out, p := range map[string]string{b.native[name]: pkg, b.host[name]: pkg + "/cofaas"} {
			if err := goCommand(b.dir, "build", "-o", out, "./"+p); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
})

// copyModule copies what the functions need, so that generation writes into no checked-out tree.
func copyModule(dir, root string) error {
	for to, from := range map[string]string{
		"e2e/apps/pair":             filepath.Join(root, "test/e2e/apps/pair"),
		"e2e/apps/shapes":           filepath.Join(root, "test/e2e/apps/shapes"),
		"e2e/apps/flow":             filepath.Join(root, "test/e2e/apps/flow"),
		"e2e/apps/kit":              filepath.Join(root, "test/e2e/apps/kit"),
		"e2e/apps/prodcon/producer": filepath.Join(root, "example/prodcon/producer"),
		"e2e/apps/prodcon/consumer": filepath.Join(root, "example/prodcon/consumer"),
	} {
		if err := copySources(filepath.Join(dir, to), from); err != nil {
			return err
		}
	}
	mod, err := os.ReadFile(filepath.Join(root, "test/go.mod"))
	if err != nil {
		return err
	}
	mod = []byte(strings.Replace(string(mod), "github.com/cofaas/cofaas => ../", "github.com/cofaas/cofaas => "+root, 1))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	return writeSums(dir, root)
}

// writeSums lets a module use all that the toolkit's own modules use.
func writeSums(dir, root string) error {
	var sums []byte
	for _, from := range []string{"go.sum", "test/go.sum"} {
		sum, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			return err
		}
		sums = append(sums, sum...)
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)
}

// copySources copies a tree without generated output and tests.
func copySources(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "cofaas" {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		out := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		return os.WriteFile(out, content, 0o644)
	})
}

func goCommand(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
