package generate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/results"
)

// Plan returns the plan of the module's functions, or of those that patterns choose and what they reach, without what only generation
// needs; and its warnings for people, which name files as errors do.
func Plan(ctx context.Context, opts Options) (p *plan.Plan, warnings []string, err error) {
	data, names, err := remembered(ctx, &opts, "plan", func(p *project) ([]byte, error) {
		var b bytes.Buffer
		shown := p.plan
		if len(opts.Patterns) > 0 {
			shown = shown.Of(p.roots)
		}
		err := shown.JSON(&b)
		return b.Bytes(), err
	})
	if err != nil {
		return nil, nil, err
	}
	p = &plan.Plan{}
	if err := json.Unmarshal(data, p); err != nil {
		return nil, nil, fmt.Errorf("the plan: %w", err)
	}
	return p, warningsOf(p, names), nil
}

func warningsOf(p *plan.Plan, n *names) []string {
	var list []string
	for _, d := range p.Diagnostics {
		d.Position.File = n.long(d.Position.File)
		list = append(list, d.String())
	}
	return list
}

// entry is what is remembered of a run.
type entry struct {
	// Files has the hash of each proto that was read.
	Files map[string]string
	Data  []byte
}

// remembered returns what f makes of the project, or what it has made of it in an earlier run if nothing has changed.
func remembered(ctx context.Context, opts *Options, kind string, f func(p *project) ([]byte, error)) ([]byte, *names, error) {
	found, err := find(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	run := func() ([]byte, error) {
		p, err := loadFound(ctx, opts, found)
		if err != nil {
			return nil, err
		}
		e := entry{Files: map[string]string{}}
		if e.Data, err = f(p); err != nil {
			return nil, err
		}
		for _, name := range p.protos.read {
			if e.Files[name], err = results.FileHash(name); err != nil {
				return nil, err
			}
		}
		return json.Marshal(e)
	}
	store := results.Open(kind)
	details, err := details(opts, found)
	if err != nil {
		return nil, nil, err
	}
	for {
		data, err := store.Do(found.targets[0].roots, details, run)
		if err != nil {
			return nil, nil, err
		}
		var e entry
		if err := json.Unmarshal(data, &e); err != nil {
			return nil, nil, fmt.Errorf("what is remembered of the %s: %w", kind, err)
		}
		if unchanged(e.Files) {
			return e.Data, newNames(opts.Dir, found.roots()), nil
		}
		// Another proto, another result.
		details = append(details, fmt.Sprint(e.Files))
	}
}
