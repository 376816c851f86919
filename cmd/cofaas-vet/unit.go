package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/analyzer/unit"
	"github.com/cofaas/cofaas/analyzer/vet"
)

// runUnit does what go vet and go fix want of their tool, and exits.
func runUnit(args []string) {
	a := vet.New()
	// go vet knows the flag as -cofaas.explain; allow it to be said short.
	explain := a.Flags.Lookup("explain")
	flag.Var(explain.Value, explain.Name, explain.Usage)
	strict := flag.Bool("strict", false, "report warnings too, which fail go vet as all that is reported does")

	last := len(args) - 1
	if !strings.HasSuffix(args[last], ".cfg") {
		unitchecker.Main(a) // which exits
	}
	log.SetFlags(0)
	log.SetPrefix("cofaas-vet: ")
	cfg, err := unit.Read(args[last])
	if err != nil {
		log.Fatal(err)
	}
	skip, err := unit.Skip(cfg)
	if err != nil {
		log.Fatal(err)
	}
	if skip {
		os.Exit(exitClean)
	}
	// go vet removes the folder of its configuration when it is done, which is more than can be said of this process: it exits elsewhere.
	dir, err := os.MkdirTemp(filepath.Dir(args[last]), "cofaas-")
	if err != nil {
		log.Fatal(err)
	}
	prepared, err := unit.Prepare(cfg, dir)
	if err != nil {
		log.Fatal(err)
	}
	os.Args[len(os.Args)-1] = prepared
	withhold(a, strict)
	unitchecker.Main(a)
}

// withhold lets only errors be reported unless more is asked for: go vet knows no
// severities, and fails whatever is reported.
func withhold(a *analysis.Analyzer, strict *bool) {
	isSet := func(name string) bool { f := flag.Lookup(name); return f != nil && f.Value.String() == "true" }
	inner := a.Run
	a.Run = func(pass *analysis.Pass) (any, error) {
		if *strict || isSet("explain") || isSet("fix") {
			return inner(pass)
		}
		p := *pass
		p.Report = func(d analysis.Diagnostic) {
			if (analyzer.Diagnostic{Category: d.Category}).Severity() == analyzer.Error {
				pass.Report(d)
			}
		}
		return inner(&p)
	}
}
