package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/cofaas/cofaas/analyzer/vet"
	"github.com/cofaas/cofaas/internal/lsp"
)

// runLSP runs the language server on a connection to an editor until the editor ends it.
func runLSP(args []string, conn io.ReadWriteCloser, stderr io.Writer) int {
	a := vet.New()
	flags := flag.NewFlagSet("cofaas-vet lsp", flag.ContinueOnError)
	flags.SetOutput(stderr)
	explain := a.Flags.Lookup("explain")
	flags.Var(explain.Value, explain.Name, explain.Usage)
	tags := flags.String("tags", "", "build `tags`, separated by commas")
	stdio := flags.Bool("stdio", true, "speak on standard input and output; there is no other way, but some editors say so")
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: cofaas-vet lsp [flags]\n\nA language server for functions, to run beside gopls; see docs/editors.md.\n\n")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return exitClean
	case err != nil:
		return exitFailure // which the flag set has reported
	case !*stdio:
		fmt.Fprintln(stderr, "cofaas-vet lsp: -stdio=false: there is no other way to speak with it")
		return exitFailure
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "cofaas-vet lsp: unexpected argument %q\n", flags.Arg(0))
		return exitFailure
	}
	opts := lsp.Options{Analyzer: a}
	if *tags != "" {
		opts.BuildFlags = []string{"-tags=" + *tags}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		opts.Version = info.Main.Version
	}
	if err := lsp.Serve(context.Background(), conn, opts); err != nil {
		fmt.Fprintf(stderr, "cofaas-vet lsp: %v\n", err)
		return exitFindings // 1, as the protocol wants it
	}
	return exitClean
}

// stdio is a connection to whoever started the program.
type stdio struct {
	io.ReadCloser
	out io.WriteCloser
}

func (s stdio) Write(p []byte) (int, error) { return s.out.Write(p) }
