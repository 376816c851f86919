// Package genflags has the flags of cofaas-gen, as command lines and the lines of functions have them, and says what is wrong with their
// values. It imports the standard library, and the packages that the values are about.
package genflags

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/netrules"
	"github.com/cofaas/cofaas/internal/placement"
)

// Flags are those of generation.
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
	set.StringVar(&f.Stage, "stage", "", "keep the stages, the modules in which functions are built, in this `folder`")
	set.BoolVar(&f.Quiet, "q", false, "no progress, even on a terminal")
	set.Var(&f.Allow, "allow", "in the line of a function: `HOST:PORT`,... that it connects to, as cache:6379,*.example.com:443; may be repeated")
	set.Var(&f.Listen, "listen", "in the line of a function: `PORT=ADDRESS`,... of the host at which to serve what it listens on, as 9090=:19090; may be repeated")
	set.Var(&f.Place, "place", "`[FUNCTION=]PLACE,...`: where a function runs, which is wasm, native or remote; without a name, in the line of a function, that function; may be repeated")
}

// ParseLine reads what a function's line passes to cofaas-gen.
func ParseLine(args []string) (Flags, error) {
	var f Flags
	set := flag.NewFlagSet("cofaas-gen", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	f.Define(set)
	if err := set.Parse(args); err != nil {
		return Flags{}, err
	}
	return f, nil
}

// Network returns what a function states that it does on the network, each rule as a text, and joins what is wrong with it.
func (f *Flags) Network() (allow, listen []string, err error) {
	allow, errAllow := texts(f.Allow, netrules.Parse)
	listen, errListen := texts(f.Listen, netrules.ParseMappings)
	var errs []error
	for _, e := range append(netrules.Errors(errAllow), netrules.Errors(errListen)...) {
		errs = append(errs, fmt.Errorf("%q: %s", e.Text, e.Problem))
	}
	return allow, listen, errors.Join(errs...)
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

// Places returns what the line of a function, or, if that is empty, a command line says of where functions run, and joins what is wrong
// with it. What has no name is about the function.
func (f *Flags) Places(function string) ([]placement.Entry, error) {
	var list []placement.Entry
	var errs []error
	for _, text := range f.Place {
		e, err := placement.Parse(text)
		if err == nil && e.Function == "" {
			e.Function = function
		}
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("-place %s: %w", text, err))
		case e.Function == "":
			errs = append(errs, fmt.Errorf("-place %s: names no function, and the folder is that of none: want FUNCTION=%[1]s", text))
		case e.Function == function && e.Places[0] == placement.Remote:
			errs = append(errs, fmt.Errorf("-place %s: %s is the root of the host that this makes, and a host runs its root: say -place %[2]s=remote for hosts that are to do without it", text, function))
		case slices.ContainsFunc(list, func(o placement.Entry) bool { return o.Function == e.Function }):
			errs = append(errs, fmt.Errorf("-place %s: it is said twice where %s runs", text, e.Function))
		default:
			list = append(list, e)
		}
	}
	return list, errors.Join(errs...)
}
