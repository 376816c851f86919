// Command vet measures what cofaas-vet costs on top of go vet, on a large module that has nothing to do with it.
//
// Both are run in turns, with the build cache warm: cold, which is with no results of the tool in go vet's cache, and warm, when nothing has
// changed. It prints the medians of the time that passed and of the processor time, and how much the second is of the first.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("vet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	module := flags.String("module", "golang.org/x/tools", "a `module` of the build list of bench, or the folder of one")
	rounds := flags.Int("rounds", 3, "how often each is measured")
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	}
	if err := measure(ctx, *module, *rounds, stdout); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// A sample is what a command took.
type sample struct{ wall, cpu time.Duration }

func measure(ctx context.Context, module string, rounds int, w io.Writer) error {
	dir := module
	if !filepath.IsAbs(dir) && !strings.HasPrefix(dir, ".") {
		out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
		if err != nil {
			return fmt.Errorf("go list -m %s: %w", module, err)
		}
		dir = strings.TrimSpace(string(out))
	}
	tmp, err := os.MkdirTemp("", "cofaas-vet")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	tool := filepath.Join(tmp, "cofaas-vet")
	build := exec.CommandContext(ctx, "go", "build", "-o", tool, "./cmd/cofaas-vet")
	build.Dir = ".." // this module does not need what the command does
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	binary, err := os.ReadFile(tool)
	if err != nil {
		return err
	}
	goCommand := func(args ...string) (sample, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			return sample{}, err
		}
		// go vet exits with 1 when it finds something, which here says nothing.
		if err != nil && cmd.ProcessState.ExitCode() != 1 {
			return sample{}, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
		return sample{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
	}
	packages := exec.CommandContext(ctx, "go", "list", "./...")
	packages.Dir = dir
	list, err := packages.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	samples := map[string][]sample{}
	for range rounds {
		// A flag that go vet has not seen, and a tool that it has not, are new to its cache.
		unseen := rand.Text()
		if err := os.WriteFile(tool, append(slices.Clone(binary), unseen...), 0o755); err != nil {
			return err
		}
		for _, run := range []struct {
			name string
			args []string
		}{
			{"go vet, cold", []string{"vet", "-printf.funcs=" + unseen, "./..."}},
			{"cofaas-vet, cold", []string{"vet", "-vettool=" + tool, "./..."}},
			{"go vet, warm", []string{"vet", "-printf.funcs=" + unseen, "./..."}},
			{"cofaas-vet, warm", []string{"vet", "-vettool=" + tool, "./..."}},
		} {
			s, err := goCommand(run.args...)
			if err != nil {
				return err
			}
			samples[run.name] = append(samples[run.name], s)
		}
	}
	fmt.Fprintf(w, "%s: %d packages, medians of %d rounds\n", module, strings.Count(string(list), "\n"), rounds)
	for _, temperature := range []string{"cold", "warm"} {
		vet, ours := median(samples["go vet, "+temperature]), median(samples["cofaas-vet, "+temperature])
		fmt.Fprintf(w, "%s: go vet %.1f s (processor %.1f s), cofaas-vet on top %.1f s (processor %.1f s): %.1f %% (processor %.1f %%)\n",
			temperature, vet.wall.Seconds(), vet.cpu.Seconds(), ours.wall.Seconds(), ours.cpu.Seconds(),
			100*ours.wall.Seconds()/vet.wall.Seconds(), 100*ours.cpu.Seconds()/vet.cpu.Seconds())
	}
	return nil
}

// median takes the medians of both times, each by itself.
func median(samples []sample) sample {
	middle := func(of func(sample) time.Duration) time.Duration {
		sorted := slices.SortedFunc(slices.Values(samples), func(a, b sample) int { return cmp.Compare(of(a), of(b)) })
		return of(sorted[len(sorted)/2])
	}
	return sample{
		middle(func(s sample) time.Duration { return s.wall }),
		middle(func(s sample) time.Duration { return s.cpu }),
	}
}
