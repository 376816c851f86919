package vet

import (
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/analyzer/internal/annotation"
	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/internal/genflags"
	"github.com/cofaas/cofaas/internal/placement"
)

// stated reads what the function's line says of it, and reports what generation will refuse. Whether functions that it names are there is
// not known here.
func (r *reporter) stated() {
	args, _ := annotation.Args(strings.TrimRight(r.line.Text, "\r"))
	wrong := func(err error) {
		errs := []error{err}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			errs = joined.Unwrap()
		}
		for _, err := range errs {
			r.diagnose(analysis.Diagnostic{Pos: r.line.Pos(), End: r.line.End(), Category: category.LineFlag, Message: err.Error()})
		}
	}
	flags, err := genflags.ParseLine(args)
	if err != nil {
		wrong(err)
		return
	}
	if _, _, err := flags.Network(); err != nil {
		wrong(err)
	}
	entries, err := flags.Places(r.function)
	if err != nil {
		wrong(err)
	}
	for _, e := range entries {
		if e.Function == r.function {
			r.native = !slices.Contains(e.Places, placement.Wasm)
		}
		if r.explain {
			r.explainPlace(e)
		}
	}
}

// explainPlace reports where a function runs that the line names.
func (r *reporter) explainPlace(e placement.Entry) {
	words := map[placement.Place]string{placement.Wasm: "as a guest", placement.Native: "natively, in a process of its own", placement.Remote: "outside of the host"}
	where := words[e.Places[0]]
	if len(e.Places) > 1 {
		where += ", or " + words[e.Places[1]] + " if the operator of the host says so"
	}
	if e.Function == r.function {
		r.report(r.line.Pos(), category.Place, "function %s runs %s: this line says so", e.Function, where)
		return
	}
	r.report(r.line.Pos(), category.Place, "function %s runs %s in the host of %s: this line says so", e.Function, where, r.function)
}
