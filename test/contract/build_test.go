package contract

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cofaas/cofaas/internal/generate"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// built has the programs of the functions, each once in the module in which they are generated: in all modes that have hosts, these are
// the same programs.
type built struct {
	dir string

	mu       sync.Mutex
	programs map[string]string
}

var copied = sync.OnceValues(func() (*built, error) {
	b := &built{dir: filepath.Join(scratch, "test"), programs: map[string]string{}}
	folders := map[string]string{}
	for _, dir := range []string{"backend", "behaviours", "functions", "legacy", "pb", "script"} {
		folders["contract/"+dir] = "test/contract/" + dir
	}
	return b, programs.CopyModule(b.dir, folders)
})

var generated = sync.OnceValues(func() (*built, error) {
	b, err := copied()
	if err != nil {
		return nil, err
	}
	_, err = generate.Run(context.Background(), generate.Options{
		Dir: b.dir, Patterns: []string{"./contract/functions/..."}, StageDir: filepath.Join(scratch, "stage"), Tool: scratch,
	})
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return b, nil
})

// program builds a package below the functions and returns the program.
func (b *built) program(pkg string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if out := b.programs[pkg]; out != "" {
		return out, nil
	}
	out := filepath.Join(scratch, "bin", strings.ReplaceAll(pkg, "/", "-"))
	args := []string{"build", "-o", out}
	if *raceFlag {
		args = append(args, "-race")
	}
	if err := programs.Go(b.dir, append(args, "./contract/functions/"+pkg)...); err != nil {
		return "", err
	}
	b.programs[pkg] = out
	return out, nil
}

// native returns the program of a function as it is.
func native(function string) (string, error) {
	b, err := copied()
	if err != nil {
		return "", err
	}
	return b.program(function)
}

// host returns the program of a function's host, which has in it all that the function reaches.
func host(function string) (string, error) {
	b, err := generated()
	if err != nil {
		return "", err
	}
	return b.program(function + "/cofaas")
}
