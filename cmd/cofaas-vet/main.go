// Command cofaas-vet reports what stands in the way of running functions as
// guests. It looks at main packages with a //go:generate line for cofaas-gen.
//
//	go vet -vettool=$(go tool -n cofaas-vet) ./...
//	cofaas-vet [-explain] [-json] [packages]
//	cofaas-vet lsp
//
// With -explain it also reports what it decided, and why. Used alone, it exits
// with status 1 if something stands in the way, and with 2 if it could not tell;
// with -json the former is in the output only.
//
// cofaas-vet lsp is a language server for editors, to run beside gopls; see
// docs/editors.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/vet"
	"github.com/cofaas/cofaas/internal/staging"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "lsp" {
		os.Exit(runLSP(os.Args[2:], stdio{os.Stdin, os.Stdout}, os.Stderr))
	}
	if calledByGoVet(os.Args[1:]) {
		a := vet.New()
		// go vet knows the flag as -cofaas.explain; allow it to be said short.
		f := a.Flags.Lookup("explain")
		flag.Var(f.Value, f.Name, f.Usage)
		unitchecker.Main(a)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// calledByGoVet reports whether args are those that go vet passes to its tool.
func calledByGoVet(args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		return arg == "-flags" || strings.HasPrefix(arg, "-V=") || strings.HasSuffix(arg, ".cfg")
	})
}

const (
	exitClean    = 0
	exitFindings = 1
	exitFailure  = 2
)

func run(args []string, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintf(stderr, "cofaas-vet: %v\n", err)
		return exitFailure
	}
	a := vet.New()
	flags := flag.NewFlagSet("cofaas-vet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	explain := a.Flags.Lookup("explain")
	flags.Var(explain.Value, explain.Name, explain.Usage)
	asJSON := flags.Bool("json", false, "print diagnostics as JSON")
	dir := flags.String("C", "", "look up packages from `dir`")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: cofaas-vet [flags] [packages]\n\n%s\n\n", a.Doc)
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return exitClean
	case err != nil:
		return exitFailure // which the flag set has reported
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	if *dir != "" {
		if _, err := os.Stat(*dir); err != nil {
			return fail(err)
		}
	}
	pkgs, err := analyzer.Load(context.Background(), *dir, patterns...)
	if err == nil {
		err = staging.Errors(pkgs)
	}
	if err != nil {
		fmt.Fprintln(stderr, err) // Each line has a position.
		return exitFailure
	}
	graph, err := checker.Analyze([]*analysis.Analyzer{a}, pkgs, nil)
	if err != nil {
		return fail(err)
	}
	for _, act := range graph.Roots {
		if act.Err != nil {
			return fail(fmt.Errorf("%s: %w", act.Package.PkgPath, act.Err))
		}
	}
	if *asJSON {
		if err := graph.PrintJSON(stdout); err != nil {
			return fail(err)
		}
		return exitClean
	}
	return printText(stdout, graph)
}

// printText prints the diagnostics of graph, sorted, and returns the exit status
// that they call for.
func printText(w io.Writer, graph *checker.Graph) int {
	var lines []analyzer.Diagnostic
	for _, act := range graph.Roots {
		for _, d := range act.Diagnostics {
			lines = append(lines, analyzer.Diagnostic{
				Pos: act.Package.Fset.Position(d.Pos), Category: d.Category, Message: d.Message,
			})
		}
	}
	status := exitClean
	for _, d := range analyzer.SortDiagnostics(lines) {
		fmt.Fprintf(w, "%s [%s]\n", d, d.Category)
		if !d.Informational() {
			status = exitFindings
		}
	}
	return status
}
