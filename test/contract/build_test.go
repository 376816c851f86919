package contract

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/generate"
)

// annotation makes a main package a function.
const annotation = "//go:generate go tool cofaas-gen\n"

// buildHost generates and builds the host of a function, in a copy of this module in which only some mains are functions. Calls to
// the others leave the host.
func buildHost(name, root string, annotated []string) (string, error) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, name, "test")
	if err := copyModule(dir, repository, annotated); err != nil {
		return "", err
	}
	pkg := "contract/functions/" + root
	_, err = generate.Run(context.Background(), generate.Options{
		Dir: dir, Patterns: []string{"./" + pkg}, StageDir: filepath.Join(scratch, name, "stage"), Tool: scratch,
	})
	if err != nil {
		return "", fmt.Errorf("generate: %w", err)
	}
	out := filepath.Join(scratch, name, "host")
	return out, goCommand(dir, "build", "-o", out, "./"+pkg+"/cofaas")
}

// copyModule copies what the functions need, so that generation writes into no checked-out tree.
func copyModule(dir, repository string, annotated []string) error {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
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
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Base(path) == "main.go" && !slices.Contains(annotated, filepath.Base(filepath.Dir(path))) {
			content = []byte(strings.Replace(string(content), annotation, "", 1))
		}
		out := filepath.Join(dir, "contract", path)
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		return os.WriteFile(out, content, 0o644)
	})
	if err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(repository, "test/go.mod"))
	if err != nil {
		return err
	}
	mod = []byte(strings.Replace(string(mod), "github.com/cofaas/cofaas => ../", "github.com/cofaas/cofaas => "+repository, 1))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	// Generated hosts use what the toolkit's own modules use.
	var sums []byte
	for _, from := range []string{"go.sum", "test/go.sum"} {
		sum, err := os.ReadFile(filepath.Join(repository, from))
		if err != nil {
			return err
		}
		sums = append(sums, sum...)
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)
}

func goCommand(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if dir != "." {
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
