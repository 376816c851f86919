package generate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
)

// Report says what a run did.
type Report struct {
	// UpToDate says that nothing had changed since the last run, which was found without loading anything.
	UpToDate bool
	// Changed are the files that were written or removed.
	Changed []string
	// Warnings are what may go wrong while the functions run, each with a position. A run that is up to date has none.
	Warnings []string
}

// exists says whether a folder that is wanted is there.
func exists(dir string) bool {
	if dir == "" {
		return true
	}
	_, err := os.Stat(dir)
	return err == nil
}

// Run generates the hosts of the chosen functions. Nothing is written if anything is wrong; the error joins all that is.
func Run(ctx context.Context, opts Options) (*Report, error) {
	f, err := find(ctx, &opts)
	if err != nil {
		return nil, err
	}
	prints, err := newFingerprints(&opts, f)
	if err != nil {
		return nil, err
	}
	if prints.fresh() && exists(opts.StageDir) {
		return &Report{UpToDate: true}, nil
	}
	p, err := loadFound(ctx, &opts, f)
	if err != nil {
		return nil, err
	}
	files, dirs, err := p.textOutputs()
	if err != nil {
		return nil, err
	}
	if err := replaceable(files); err != nil {
		return nil, err
	}
	var wanted []program
	for _, root := range p.roots {
		for _, b := range programs(p.plan.App(root)) {
			if !slices.Contains(wanted, b) {
				wanted = append(wanted, b)
			}
		}
	}
	built, err := p.build(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for _, root := range p.roots {
		for _, b := range programs(p.plan.App(root)) {
			files = append(files, file{path: filepath.Join(root.Dir, outputDir, guestsDir, b.name()), from: built[b]})
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	changed, err := commit(files, dirs)
	if err != nil {
		return nil, err
	}
	return &Report{Changed: changed, Warnings: warningsOf(p.plan, p.names)}, prints.save(p, files)
}

// textOutputs are the generated files of all roots but for guests, and the folders that they are in.
func (p *project) textOutputs() (files []file, dirs []string, err error) {
	var errs []error
	for _, root := range p.roots {
		out, err := p.outputs(p.plan.App(root))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, path := range sortedKeys(out) {
			files = append(files, file{path: path, content: out[path]})
		}
		dirs = append(dirs, filepath.Join(root.Dir, outputDir))
	}
	return files, dirs, joinUnique(errs)
}

// Check returns the checked-in files that a run would change. It builds nothing.
func Check(ctx context.Context, opts Options) (stale []string, err error) {
	p, err := load(ctx, &opts)
	if err != nil {
		return nil, err
	}
	files, _, err := p.textOutputs()
	if err != nil {
		return nil, err
	}
	for i := range files {
		differs, err := files[i].stale()
		if err != nil {
			return nil, err
		}
		if differs {
			stale = append(stale, files[i].path)
		}
	}
	return stale, nil
}

// joinUnique joins errors, each text once: functions of one app share packages and protos.
func joinUnique(errs []error) error {
	seen := map[string]bool{}
	var out []error
	for _, err := range errs {
		if err == nil || seen[err.Error()] {
			continue
		}
		seen[err.Error()] = true
		out = append(out, err)
	}
	return errors.Join(out...)
}
