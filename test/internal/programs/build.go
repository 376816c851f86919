package programs

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Main is for TestMain: it runs the tests with a folder that lives as long as they do, and returns the exit code.
func Main(m *testing.M, scratch *string) int {
	dir, err := os.MkdirTemp("", "cofaas-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if *scratch, err = filepath.EvalSymlinks(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Repository returns the folder of the repository, for tests that run two folders below module test.
func Repository() (string, error) { return filepath.Abs("../..") }

// CopyModule makes a module of the name and with the dependencies of module test, so that generation writes into no checked-out tree. The
// sources of folders, which are named relative to the repository, go to where the keys say, relative to dir.
func CopyModule(dir string, folders map[string]string) error {
	repository, err := Repository()
	if err != nil {
		return err
	}
	for to, from := range folders {
		if err := CopySources(filepath.Join(dir, to), filepath.Join(repository, from)); err != nil {
			return err
		}
	}
	mod, err := os.ReadFile(filepath.Join(repository, "test/go.mod"))
	if err != nil {
		return err
	}
	mod = []byte(strings.Replace(string(mod), "github.com/cofaas/cofaas => ../", "github.com/cofaas/cofaas => "+repository, 1))
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	return WriteSums(dir)
}

// WriteSums lets a module use all that the toolkit's own modules use, as generated hosts do.
func WriteSums(dir string) error {
	repository, err := Repository()
	if err != nil {
		return err
	}
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

// CopySources copies a tree without generated output and tests.
func CopySources(to, from string) error {
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

// Go runs the go command in a module that was made here.
func Go(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
