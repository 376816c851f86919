package vet

import (
	"slices"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// decisions reports what was decided about the package, and why.
func (r *reporter) decisions() {
	for _, reg := range r.use.Registrations {
		if reg.Service != nil {
			r.report(reg.Pos, category.Export, "exports %s: %s", reg.Service.Name, reg.Reason)
		}
	}
	for _, client := range r.use.Clients {
		if !r.counts(client.Site) {
			continue
		}
		r.report(client.Pos, category.Import, "imports %s: %s", client.Service.Name, client.Reason)
	}
	for _, d := range r.use.Dials {
		if !r.counts(d.Site) {
			continue
		}
		r.report(d.Pos, category.Dial, "dials: %s", d.Reason)
	}
	for _, l := range r.use.Listens {
		switch {
		case l.Use == usage.Kept:
			r.report(l.Pos, category.Keep, "listen is kept: %s", l.Reason)
		case l.Opener == nil:
			r.report(l.Pos, category.Rewrite, "listen is rewritten: %s", l.Reason)
		}
	}
	for _, o := range r.use.Outbound {
		if !r.use.IsNeed(o.Pos) {
			r.report(o.Pos, category.Keep, "%s is kept: %s", o.What, o.Reason)
		}
	}
	for _, n := range r.use.Needs {
		r.report(n.Pos, category.Need, "%s needs %s", n.What, n.Explain(r.function))
	}
	if r.program == nil {
		return
	}
	for _, c := range r.program.Rewritten {
		r.report(r.clause, category.Rewrite, "package %s is rewritten: %s", c.Path, c.Reason)
	}
	for _, c := range r.program.Kept {
		r.report(r.clause, category.Keep, "package %s is kept: %s", c.Path, c.Reason)
	}
}

// counts reports whether a site is the function's: it is not in a package that
// keeps the real gRPC.
func (r *reporter) counts(s usage.Site) bool {
	return s.Pkg == "" || r.program != nil && slices.ContainsFunc(r.program.Reached(), func(n *rewrite.Node) bool { return n.Path == s.Pkg })
}
