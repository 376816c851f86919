package contract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
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
		Place: []string{"a=wasm,native", "b=wasm,native", "c=wasm,native"},
	})
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	if *raceFlag {
		return b, b.compile()
	}
	return b, nil
})

// compile puts compiled guests where hosts look for them, by starting the host that has all of them. One that was built with the race
// detector would take minutes to compile them.
func (b *built) compile() error {
	plain := filepath.Join(scratch, "bin", "plain")
	if err := programs.Go(b.dir, "build", "-o", plain, "./contract/functions/a/cofaas"); err != nil {
		return err
	}
	cmd := exec.Command(plain, "-cache-dir", compiled(), "-addr", "127.0.0.1:0")
	log, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), "msg=serving") {
			return nil
		}
	}
	return errors.New("the host does not start")
}

// compiled is where hosts look for compiled guests.
func compiled() string { return filepath.Join(scratch, "compiled") }

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

// nativeProgram returns the program of a function as it is.
func nativeProgram(function string) (string, error) {
	b, err := copied()
	if err != nil {
		return "", err
	}
	return b.program(function)
}

// hostProgram returns the program of a function's host, which has in it all that the function reaches.
func hostProgram(function string) (string, error) {
	b, err := generated()
	if err != nil {
		return "", err
	}
	return b.program(function + "/cofaas")
}
