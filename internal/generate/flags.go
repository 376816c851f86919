package generate

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/hostgen"
	"github.com/cofaas/cofaas/internal/netrules"
)

// Flags are those of generation, on a command line and in the lines of functions.
type Flags struct {
	ImportPaths, Protos, Tags StringList
	Stage                     string
	Quiet                     bool
	Allow, Listen             StringList
	Place                     StringList
}

// StringList is a flag that may be repeated.
type StringList []string

func (l *StringList) String() string     { return strings.Join(*l, ",") }
func (l *StringList) Set(s string) error { *l = append(*l, s); return nil }

// Define defines the flags in a set.
func (f *Flags) Define(set *flag.FlagSet) {
	set.Var(&f.ImportPaths, "I", "a `folder` in which protos are looked up, as protoc's -I; may be repeated")
	set.Var(&f.Protos, "proto", "`SERVICE=FILE`: the .proto of a service, by the service's full name; may be repeated")
	set.Var(&f.Tags, "tags", "a build `tag`; may be repeated")
	set.StringVar(&f.Stage, "stage", "", "keep the stages, the modules in which guests are built, in this `folder`")
	set.BoolVar(&f.Quiet, "q", false, "no progress, even on a terminal")
	set.Var(&f.Allow, "allow", "in the line of a function: `HOST:PORT`,... that it connects to, as cache:6379,*.example.com:443; may be repeated")
	set.Var(&f.Listen, "listen", "in the line of a function: `PORT=ADDRESS`,... of the host at which to serve what it listens on, as 9090=:19090; may be repeated")
	set.Var(&f.Place, "place", "`[FUNCTION=]PLACE,...` at which a function runs: wasm, native or remote; in the line of a function without a name, that function; may be repeated")
}

// line is what a function's line says.
type line struct {
	analyzer.Annotated
	flags Flags
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
		var f Flags
		set := flag.NewFlagSet("cofaas-gen", flag.ContinueOnError)
		set.SetOutput(io.Discard)
		f.Define(set)
		if err := set.Parse(a.Args); err != nil {
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
		allow, err := texts(f.Allow, netrules.Parse)
		listen, err2 := texts(f.Listen, netrules.ParseMappings)
		for _, e := range append(netrules.Errors(err), netrules.Errors(err2)...) {
			errs = append(errs, fmt.Errorf("%s:%d: %q: %s", a.File, a.Line, e.Text, e.Problem))
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

// texts parses rules of values of a flag, and returns each rule as a text.
func texts[R netrules.Rule](values []string, parse func(string) ([]R, error)) (list []string, err error) {
	for _, value := range values {
		rules, e := parse(value)
		err = errors.Join(err, e)
		for _, r := range rules {
			if r.IsNone() {
				err = errors.Join(err, &netrules.Error{Text: value, Problem: "none is what operators say to leave out what a function states"})
			}
			list = append(list, r.String())
		}
	}
	return list, err
}
