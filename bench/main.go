package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// sections are the parts of a run, in order.
var sections = []struct {
	name    string
	measure func(*bench, context.Context) error
	extra   bool // runs only when asked for
}{
	{name: "call", measure: (*bench).calls},
	{name: "roundtrip", measure: (*bench).roundTrips},
	{name: "flow", measure: (*bench).flows},
	{name: "compute", measure: (*bench).computes},
	{name: "isolate", measure: (*bench).isolates},
	{name: "advise", measure: (*bench).advises},
	{name: "throughput", measure: (*bench).throughput},
	{name: "footprint", measure: (*bench).footprint},
	{name: "soak", measure: (*bench).soak, extra: true},
}

// options are the command line.
type options struct {
	quick, soak, generate, readme bool
	bars, constants, merge        bool
	out, write                    string
	only                          []string
	cores                         int
	timeout                       time.Duration
}

// run is main without the process: it returns the exit code, 0 for success, 1 for a failure, 2 for wrong usage.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) > 0 {
		if child := children[args[0]]; child != nil {
			if err := child(ctx, args[1:], stdout, stderr); err != nil {
				fmt.Fprintf(stderr, "bench: %s: %v\n", args[0], err)
				return 1
			}
			return 0
		}
	}
	opts, code, ok := parse(args, stderr)
	if !ok {
		return code
	}
	var err error
	switch {
	case opts.readme:
		err = readme(opts, stdout)
	case opts.constants:
		err = constants(opts, stdout)
	default:
		err = measure(ctx, opts, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (opts options, code int, ok bool) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(stderr)
	var only string
	set.BoolVar(&opts.quick, "quick", false, "fewer payloads, rounds and loads")
	set.BoolVar(&opts.soak, "soak", false, "also make 200,000 requests of 512 KB, and watch the host's memory")
	set.BoolVar(&opts.generate, "generate", false, "also measure generation from an empty build cache, which is slow")
	set.BoolVar(&opts.bars, "bars", false, "fail if functions in processes of their own are not as much better than native gRPC as they have to be")
	set.BoolVar(&opts.readme, "readme", false, "measure nothing: print the tables made from results.json")
	set.BoolVar(&opts.constants, "constants", false, "measure nothing: print the default costs of calls made from results.json, for internal/advise/defaults.json")
	set.StringVar(&opts.write, "w", "", "with -readme: put the tables into this `file`, between its bench markers; with -constants: write this file")
	set.StringVar(&opts.out, "out", "out", "`folder` of results.json and plots")
	set.StringVar(&only, "only", "", "measure only these `sections` ("+strings.Join(sectionNames(), ", ")+"), print figures and ratios, and write nothing without -merge")
	set.BoolVar(&opts.merge, "merge", false, "with -only: put these sections in place of those of results.json, and make the plots anew")
	set.IntVar(&opts.cores, "cores", 2, "`number` of processors that all processes share while throughput is measured")
	set.DurationVar(&opts.timeout, "timeout", time.Hour, "give up after this time")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return opts, 0, false
		}
		return opts, 2, false
	}
	var problems []string
	if only != "" {
		opts.only = strings.Split(only, ",")
	}
	for _, name := range opts.only {
		if !slices.Contains(sectionNames(), name) {
			problems = append(problems, fmt.Sprintf("-only: there is no section %q", name))
		}
	}
	if set.NArg() > 0 {
		problems = append(problems, fmt.Sprintf("unexpected argument %q", set.Arg(0)))
	}
	if opts.readme && opts.constants {
		problems = append(problems, "-readme and -constants: choose one")
	}
	if opts.write != "" && !opts.readme && !opts.constants {
		problems = append(problems, "-w needs -readme or -constants")
	}
	if opts.merge && (len(opts.only) == 0 || opts.quick) {
		problems = append(problems, "-merge: is for whole sections, which -only names, and not for -quick")
	}
	if opts.cores < 1 {
		problems = append(problems, "-cores: want at least 1")
	}
	if len(problems) > 0 {
		fmt.Fprintln(stderr, strings.Join(problems, "\n"))
		return opts, 2, false
	}
	return opts, 0, true
}

func sectionNames() []string {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	return names
}

// bench is a run.
type bench struct {
	options
	built  *built
	stderr io.Writer
	start  time.Time
	report Results
	// hasCompute says that caller and worker have been built.
	hasCompute bool
}

// progress says on stderr what happens now.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.stderr, "%4.0fs  %s\n", time.Since(b.start).Seconds(), fmt.Sprintf(format, args...))
}

// add reports a figure made of samples.
func (b *bench) add(name, unit string, samples []float64) {
	b.report.Figures = append(b.report.Figures, newFigure(name, unit, samples))
}

// measure runs the sections and reports them.
func measure(ctx context.Context, opts options, stdout, stderr io.Writer) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, opts.timeout, fmt.Errorf("not done after %v: see -timeout", opts.timeout))
	defer cancel()
	// Requests carry no deadline, as a deadline would travel with each call: they end with this context.
	ctx, cancelCause := context.WithCancelCause(withoutDeadline{ctx})
	defer cancelCause(nil)
	defer func() {
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = fmt.Errorf("%w (%w)", cause, err)
		}
	}()

	tmp, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	b := &bench{options: opts, stderr: stderr, start: time.Now()}
	b.report.Environment = environment(opts.quick)
	b.report.Sections = map[string]string{}
	var before *Results
	if opts.merge {
		if before, err = readResults(opts.out); err != nil {
			return err
		}
		if err := b.report.goesWith(before); err != nil {
			return err
		}
	}
	b.progress("building")
	if b.built, err = build(ctx, tmp); err != nil {
		return err
	}
	for _, s := range sections {
		asked := slices.Contains(opts.only, s.name) || opts.soak && s.name == "soak"
		if !asked && (s.extra || len(opts.only) > 0) {
			continue
		}
		if err := s.measure(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.report.Sections[s.name] = time.Now().UTC().Format(time.DateOnly)
	}
	if before != nil {
		b.report.merge(before)
	}
	b.report.finish()
	if len(opts.only) == 0 || opts.merge {
		if err := b.write(); err != nil {
			return err
		}
	}
	b.progress("done")
	if err := b.report.print(stdout, len(opts.only) > 0); err != nil || !opts.bars {
		return err
	}
	if missed := b.report.missedBars(); len(missed) > 0 {
		return fmt.Errorf("bars:\n%s", strings.Join(missed, "\n"))
	}
	return nil
}

// write writes results.json and the plots.
func (b *bench) write() error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	files, err := plots(&b.report)
	if err != nil {
		return err
	}
	if files["results.json"], err = b.report.encode(); err != nil {
		return err
	}
	for name, content := range files {
		if err := writeFile(filepath.Join(b.out, name), content); err != nil {
			return err
		}
	}
	return nil
}

// writeFile replaces a file as a whole or not at all.
func writeFile(path string, content []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, content, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// withoutDeadline hides the deadline of a context, which still ends it.
type withoutDeadline struct{ context.Context }

func (withoutDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }
