package generate

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/hostgen"
	"github.com/cofaas/cofaas/internal/genflags"
)

// line is what a function's line says.
type line struct {
	analyzer.Annotated
	flags genflags.Flags
}

// Name is that of the function.
func (l *line) Name() string { return nameOf(l.Annotated) }

// nameOf is the name of a function, which is that of its folder.
func nameOf(a analyzer.Annotated) string { return filepath.Base(a.Dir) }

// parseLines parses the lines of all functions. One that is wrong is as one without flags.
func parseLines(all []analyzer.Annotated) ([]line, error) {
	lines := make([]line, len(all))
	var errs []error
	for i, a := range all {
		lines[i].Annotated = a
		f, err := genflags.ParseLine(a.Args)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", a.File, a.Line, err))
			continue
		}
		lines[i].flags = f
	}
	return lines, errors.Join(errs...)
}

// statedNetwork returns what functions state that they do on the network, by import path.
func statedNetwork(opts *Options, lines []line) (map[string]hostgen.Network, error) {
	network := map[string]hostgen.Network{}
	var errs []error
	stated := len(opts.Allow)+len(opts.Listen) == 0
	place := "of the function"
	for _, a := range lines {
		f := a.flags
		if a.Dir == opts.Dir {
			stated = stated || slices.Equal(f.Allow, opts.Allow) && slices.Equal(f.Listen, opts.Listen)
			place = fmt.Sprintf("of the function, in %s:%d", a.File, a.Line)
		}
		allow, listen, err := f.Network()
		for _, err := range split(err) {
			errs = append(errs, fmt.Errorf("%s:%d: %w", a.File, a.Line, err))
		}
		if len(allow)+len(listen) > 0 {
			network[a.PkgPath] = hostgen.Network{Allow: allow, Listen: listen}
		}
	}
	if !stated {
		errs = append(errs, fmt.Errorf("-allow and -listen are what a function states of itself: write them into the line //go:generate go tool cofaas-gen %s; hosts have flags of the same names for operators", place))
	}
	return network, errors.Join(errs...)
}

// split parts what errors.Join has joined, again and again.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []error
		for _, err := range joined.Unwrap() {
			list = append(list, split(err)...)
		}
		return list
	}
	if err != nil {
		return []error{err}
	}
	return nil
}
