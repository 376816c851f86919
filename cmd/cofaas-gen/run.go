package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/cofaas/cofaas/internal/generate"
	"github.com/cofaas/cofaas/internal/genflags"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/results"
)

const usage = `cofaas-gen runs networks of gRPC functions as one program.

Put this line into the main package of each function, an ordinary grpc-go server:

	//go:generate go tool cofaas-gen

and run go generate. Next to each function, the folder cofaas/ then has a host that runs the function and everything that
it calls in one process, and serves what the function serves: go run ./FUNCTION/cofaas. Your own files are never changed.

Usage:

	cofaas-gen [flags] [packages]         generate: the function in this folder, or all below it, or those named
	cofaas-gen plan [flags] [packages]    print what would be done: text, -json, -dot or -svg
	cofaas-gen diff [flags] [packages]    print how sources are rewritten in their stage, as a unified diff
	cofaas-gen check [flags] [packages]   exit 1 if checked-in output is not what a run would write
	cofaas-gen wit [-I DIR] FILE.proto... print the WIT of protos, without a Go package around them
	cofaas-gen advise PROFILE...          say where functions should run, by profiles of hosts
	cofaas-gen version                    print the version

A function that connects to others than functions, or listens for them, can state so in its line, for every host that it becomes a part
of; operators of hosts add to it, or leave it out (see the flags -allow and -listen of a host):

	//go:generate go tool cofaas-gen -allow cache:6379,*.example.com:443 -listen 9090=:19090

A function runs as a guest, a WebAssembly module in the host's own process, unless its line, or that of the function whose host it is, or
the command line says otherwise: natively, in a process of its own, or not in the host at all (see docs/placement.md):

	//go:generate go tool cofaas-gen -place native
	//go:generate go tool cofaas-gen -place thumbs=native -place mail=remote -place cart=wasm,native

Exit codes: 0 done, 1 something is wrong (nothing was written), 2 wrong usage.

Flags:
`

// flags of all subcommands.
type flags struct {
	genflags.Flags
	json, dot, svg bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		switch args[0] {
		case "wit":
			return runWIT(ctx, args[1:], stdout, stderr)
		case "advise":
			return runAdvise(ctx, args[1:], stdout, stderr)
		case "plan", "diff", "check", "version":
			command, args = args[0], args[1:]
		case "help":
			args = []string{"-h"}
		}
	}
	var f flags
	set := flag.NewFlagSet("cofaas-gen", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(set.Output(), usage)
		set.PrintDefaults()
	}
	f.Define(set)
	if command == "plan" {
		set.BoolVar(&f.json, "json", false, "print JSON")
		set.BoolVar(&f.dot, "dot", false, "print a Graphviz graph")
		set.BoolVar(&f.svg, "svg", false, "print a picture, as SVG")
	}
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if command == "version" {
		fmt.Fprintf(stdout, "cofaas-gen %s %s\n", version(), runtime.Version())
		return 0
	}
	opts, err := f.options(set.Args(), stderr)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	if err := f.execute(ctx, command, opts, stdout, stderr); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err() // not all that was interrupted says so
		}
		printError(stderr, err)
		return 1
	}
	return 0
}

func (f *flags) options(patterns []string, stderr io.Writer) (generate.Options, error) {
	opts := generate.Options{Patterns: patterns, Protos: map[string]string{}, Tags: f.Tags, Allow: f.Allow, Listen: f.Listen, Place: f.Place, Tool: results.Tool()}
	var err error
	if opts.Dir, err = os.Getwd(); err != nil {
		return opts, err
	}
	if opts.Dir, err = filepath.EvalSymlinks(opts.Dir); err != nil {
		return opts, err
	}
	if err := checkFolders(f.ImportPaths); err != nil {
		return opts, err
	}
	for _, dir := range f.ImportPaths {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return opts, err
		}
		opts.ImportPaths = append(opts.ImportPaths, abs)
	}
	for _, p := range f.Protos {
		service, file, ok := strings.Cut(p, "=")
		if !ok || service == "" || file == "" {
			return opts, fmt.Errorf("-proto %s: want SERVICE=FILE, as helloworld.Greeter=protos/hello.proto", p)
		}
		opts.Protos[service] = file
	}
	if f.Stage != "" {
		if opts.StageDir, err = filepath.Abs(f.Stage); err != nil {
			return opts, err
		}
	}
	if f.json && f.dot || f.json && f.svg || f.dot && f.svg {
		return opts, errors.New("-json, -dot and -svg: choose one")
	}
	if !f.Quiet && isTerminal(stderr) {
		opts.Progress = stderr
	}
	return opts, nil
}

func (f *flags) execute(ctx context.Context, command string, opts generate.Options, stdout, stderr io.Writer) error {
	switch command {
	case "plan":
		p, warnings, err := generate.Plan(ctx, opts)
		if err != nil {
			return err
		}
		print := (*plan.Plan).Text
		switch {
		case f.json:
			print, warnings = (*plan.Plan).JSON, nil // which has them
		case f.dot:
			print = (*plan.Plan).DOT
		case f.svg:
			print = (*plan.Plan).SVG
		}
		for _, w := range warnings {
			fmt.Fprintln(stderr, "warning: "+w)
		}
		return print(p, stdout)
	case "diff":
		d, err := generate.Diff(ctx, opts)
		if err != nil {
			return err
		}
		_, err = stdout.Write(d)
		return err
	case "check":
		stale, err := generate.Check(ctx, opts)
		if err != nil {
			return err
		}
		if len(stale) > 0 {
			return fmt.Errorf("stale: %s: go generate ./... brings them up to date", strings.Join(stale, ", "))
		}
		return nil
	default:
		report, err := generate.Run(ctx, opts)
		if err != nil {
			return err
		}
		for _, w := range report.Warnings {
			fmt.Fprintln(stderr, "warning: "+w)
		}
		if opts.Progress != nil {
			if report.UpToDate {
				fmt.Fprintln(stderr, "up to date")
			} else {
				fmt.Fprintf(stderr, "%d files changed\n", len(report.Changed))
			}
		}
		return nil
	}
}

// printError prints each joined error on lines of its own.
func printError(w io.Writer, err error) {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(w, "cofaas-gen: interrupted; nothing was written")
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			printError(w, e)
		}
		return
	}
	fmt.Fprintln(w, err)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
