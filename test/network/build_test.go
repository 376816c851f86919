package network

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cofaas/cofaas/internal/generate"
	"github.com/cofaas/cofaas/test/internal/programs"
)

var functions = []string{"front", "store", "web"}

var (
	modes = flag.String("modes", "native,host,isolates", "how the functions run, `list` of native, host and isolates")
	keep  = flag.String("keep", "", "`folder` in which to keep what is built, for the next run")
)

var scratch string // lives as long as the tests

func TestMain(m *testing.M) {
	flag.Parse()
	if *keep != "" {
		scratch = *keep
		os.Exit(m.Run())
	}
	os.Exit(programs.Main(m, &scratch))
}

// program returns the path of a native function, or of the host of front, which reaches all.
func program(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs and guests, which takes long")
	}
	build := buildNative
	if name == hostProgram {
		build = buildHost
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(scratch, "bin", name)
}

const hostProgram = "host"

// The module in which everything is built is a copy, so that generation writes into no checked-out tree.
func copied() string { return filepath.Join(scratch, "network") }

var copyModule = sync.OnceValue(func() error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	for _, folder := range []string{"functions", "pb", "task"} {
		if err := programs.CopySources(filepath.Join(copied(), folder), filepath.Join(here, folder)); err != nil {
			return err
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	test := filepath.Dir(here)
	text := strings.NewReplacer("=> ../..\n", "=> "+filepath.Dir(test)+"\n", "=> ..\n", "=> "+test+"\n").Replace(string(mod))
	if err := os.WriteFile(filepath.Join(copied(), "go.mod"), []byte(text), 0o644); err != nil {
		return err
	}
	// Hosts use what the toolkit uses.
	var sums []byte
	for _, from := range []string{"go.sum", "../../go.sum"} {
		sum, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		sums = append(sums, sum...)
	}
	if err := os.WriteFile(filepath.Join(copied(), "go.sum"), sums, 0o644); err != nil {
		return err
	}
	// A host that is there from an earlier run has needs of its own.
	return programs.Go(copied(), "list", "-deps", "./...")
})

var buildNative = sync.OnceValue(func() error {
	if err := copyModule(); err != nil {
		return err
	}
	for _, f := range functions {
		if err := programs.Go(copied(), "build", "-o", filepath.Join(scratch, "bin", f), "./functions/"+f); err != nil {
			return err
		}
	}
	return nil
})

var buildHost = sync.OnceValue(func() error {
	if err := copyModule(); err != nil {
		return err
	}
	options := generate.Options{Dir: copied(), Patterns: []string{"./functions/front"}, StageDir: filepath.Join(scratch, "stage"), Tool: scratch}
	for _, f := range functions {
		options.Place = append(options.Place, f+"=wasm,native")
	}
	if _, err := generate.Run(context.Background(), options); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return programs.Go(copied(), "build", "-o", filepath.Join(scratch, "bin", hostProgram), "./functions/front/cofaas")
})
