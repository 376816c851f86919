// Command cofaas-vet reports what stands in the way of running functions as
// guests, and what behaves differently there. It looks at main packages with a
// //go:generate line for cofaas-gen.
//
//	cofaas-vet [-explain] [-strict] [-json | -fix | -diff] [packages]
//	go vet -vettool=$(go tool -n cofaas-vet) ./...
//	go fix -fixtool=$(go tool -n cofaas-vet) ./...
//	cofaas-vet lsp
//
// With -explain it also reports what it decided, and why. Categories, exit codes
// and the form of -json are in docs/diagnostics.
//
// cofaas-vet lsp is a language server for editors, to run beside gopls; see
// docs/editors.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/vet"
	"github.com/cofaas/cofaas/internal/loader"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/results"
	"github.com/cofaas/cofaas/internal/staging"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "lsp" {
		os.Exit(runLSP(os.Args[2:], stdio{os.Stdin, os.Stdout}, os.Stderr))
	}
	if calledByGoVet(os.Args[1:]) {
		runUnit(os.Args[1:])
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

// settings are the command line.
type settings struct {
	explain, strict, json, fix, diff bool
	dir                              string
	patterns                         []string
}

func run(args []string, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintf(stderr, "cofaas-vet: %v\n", err)
		return exitFailure
	}
	s, code, ok := parse(args, stderr)
	if !ok {
		return code
	}
	names, err := newNames()
	if err != nil {
		return fail(err)
	}
	found, err := s.find()
	var broken *brokenError
	switch {
	case errors.As(err, &broken):
		n := printErrors(stderr, names, broken.errs)
		return fail(fmt.Errorf("%d errors in packages: nothing was analyzed", n))
	case err != nil:
		printErrors(stderr, names, err) // each has a position
		return exitFailure
	}
	switch {
	case s.diff:
		return s.printDiff(stdout, fail, found, names)
	case s.fix:
		if found, err = applyFixes(found); err != nil {
			return fail(err)
		}
	case s.json:
		if err := printJSON(stdout, found, names); err != nil {
			return fail(err)
		}
		return exitClean
	}
	printText(stdout, found, names)
	return s.status(found)
}

// status is the exit code that findings call for.
func (s *settings) status(found []finding) int {
	for _, f := range found {
		switch f.Severity() {
		case analyzer.Error:
			return exitFindings
		case analyzer.Warning:
			if s.strict {
				return exitFindings
			}
		}
	}
	return exitClean
}

func parse(args []string, stderr io.Writer) (s settings, code int, ok bool) {
	a := vet.New()
	flags := flag.NewFlagSet("cofaas-vet", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&s.explain, "explain", false, a.Flags.Lookup("explain").Usage)
	flags.BoolVar(&s.strict, "strict", false, "let warnings count as errors do")
	flags.BoolVar(&s.json, "json", false, "print diagnostics as JSON; the exit code does not tell whether there are any")
	flags.BoolVar(&s.fix, "fix", false, "apply the first fix of each diagnostic that has one, and report the others")
	flags.BoolVar(&s.diff, "diff", false, "print what -fix would change, as a unified diff; exit 1 if that is anything")
	flags.StringVar(&s.dir, "C", "", "look up packages from `dir`")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: cofaas-vet [flags] [packages]\n\n%s\n\nExit codes: 0 nothing stands in the way, 1 something does, 2 it could not be told.\n\nFlags:\n", a.Doc)
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return s, exitClean, false
	case err != nil:
		return s, exitFailure, false // which the flag set has reported
	}
	if (s.json && s.fix) || (s.json && s.diff) {
		fmt.Fprintln(stderr, "cofaas-vet: -json goes with neither -fix nor -diff")
		return s, exitFailure, false
	}
	s.patterns = flags.Args()
	if len(s.patterns) == 0 {
		s.patterns = []string{"."}
	}
	if s.dir != "" {
		if _, err := os.Stat(s.dir); err != nil {
			fmt.Fprintf(stderr, "cofaas-vet: %v\n", err)
			return s, exitFailure, false
		}
	}
	return s, 0, true
}

// A brokenError says that packages do not compile.
type brokenError struct{ errs error }

func (e *brokenError) Error() string { return e.errs.Error() }

// find returns what is found, sorted: now, or when the same was looked at before.
func (s *settings) find() ([]finding, error) {
	ctx := context.Background()
	pkgs, err := analyzer.List(ctx, s.dir, s.patterns...)
	if err != nil {
		return nil, err
	}
	data, err := results.Open("vet").Do(pkgs, []string{results.Tool(), fmt.Sprint(s.explain)}, func() ([]byte, error) {
		defer loader.RelaxGC()()
		if err := analyzer.Check(ctx, pkgs); err != nil {
			return nil, err
		}
		if errs := staging.Errors(pkgs); errs != nil {
			return nil, &brokenError{errs}
		}
		found, err := analyze(pkgs, s.explain)
		if err != nil {
			return nil, err
		}
		return json.Marshal(found)
	})
	if err != nil {
		return nil, err
	}
	var found []finding
	return found, json.Unmarshal(data, &found)
}

// analyze returns what is found in pkgs, sorted.
func analyze(pkgs []*packages.Package, explain bool) ([]finding, error) {
	a := vet.New()
	if explain {
		if err := a.Flags.Set("explain", "true"); err != nil {
			return nil, err
		}
	}
	graph, err := checker.Analyze([]*analysis.Analyzer{a}, pkgs, nil)
	if err != nil {
		return nil, err
	}
	var found []finding
	for _, act := range graph.Roots {
		if act.Err != nil {
			return nil, fmt.Errorf("%s: %w", act.Package.PkgPath, act.Err)
		}
		for _, d := range act.Diagnostics {
			found = append(found, newFinding(act.Package, d))
		}
	}
	var functions []*packages.Package
	for _, pkg := range pkgs {
		if vet.IsFunction(pkg.Fset, pkg.Types, pkg.Syntax) {
			functions = append(functions, pkg)
		}
	}
	if len(functions) > 1 || explain {
		decided := decided(functions)
		if explain {
			found = explained(decided, found)
		}
		found = append(found, planned(decided)...)
	}
	return sortFindings(found), nil
}

// planned returns what the plan for functions says of calls between them. What
// stands in the way of a plan is for those to say who make one.
func planned(functions []*analyzer.Function) []finding {
	p, err := plan.Make(&analyzer.Result{Functions: functions}, func(file string) string { return file })
	if err != nil {
		return nil
	}
	var found []finding
	for _, d := range p.Diagnostics {
		found = append(found, finding{
			Diagnostic: analyzer.Diagnostic{
				Pos:      token.Position{Filename: d.Position.File, Line: d.Position.Line, Column: d.Position.Column},
				Category: d.Category, Message: d.Message,
			},
			Pkg: p.Function(d.Function).Package,
		})
	}
	return found
}

// explained replaces what the analyzer has decided about each package, as far as
// it knows, by what is decided about whole functions.
func explained(functions []*analyzer.Function, found []finding) []finding {
	for _, fn := range functions {
		found = slices.DeleteFunc(found, func(f finding) bool {
			return f.Pkg == fn.PkgPath && analyzer.IsDecision(f.Category)
		})
		for _, d := range fn.Decisions {
			found = append(found, finding{Diagnostic: analyzer.Diagnostic{
				Pos: d.Pos, Category: d.Category, Message: decision(d),
			}, Pkg: fn.PkgPath})
		}
	}
	return found
}

// decided returns the functions about which there are no errors, which the
// findings have too.
func decided(pkgs []*packages.Package) []*analyzer.Function {
	result, err := analyzer.Analyze(pkgs, analyzer.Options{})
	if err == nil {
		return result.Functions
	}
	if len(pkgs) == 1 {
		return nil
	}
	var functions []*analyzer.Function
	for _, pkg := range pkgs {
		functions = append(functions, decided([]*packages.Package{pkg})...)
	}
	return functions
}

// decision says in one line what was decided, and why.
func decision(d analyzer.Decision) string {
	what := d.Category
	switch d.Category {
	case analyzer.CategoryRewrite:
		what = "rewritten"
	case analyzer.CategoryKeep:
		what = "kept"
	case analyzer.CategoryExport:
		what = "exported"
	case analyzer.CategoryImport:
		what = "imported"
	case analyzer.CategoryNeed:
		return fmt.Sprintf("%s needs %s", d.Subject, d.Reason)
	}
	return fmt.Sprintf("%s -> %s: %s", d.Subject, what, d.Reason)
}
