package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/genflags"
	"github.com/cofaas/cofaas/internal/placement"
)

// PlacesIn says that a function runs elsewhere in the host of one root.
type PlacesIn struct {
	Root   string            `json:"root"`
	Places []placement.Place `json:"places"`
}

// Stated returns what the lines of functions say of where they run. What is wrong with them is for others to say.
func Stated(res *analyzer.Result) *placement.Stated {
	s := &placement.Stated{}
	for _, fn := range res.Functions {
		flags, err := genflags.ParseLine(analyzer.AnnotationArgs(fn.Package.Fset, fn.Package.Syntax))
		if err != nil {
			continue
		}
		entries, _ := flags.Places(fn.Name)
		s.Add(fn.Name, entries)
	}
	return s
}

// onlyWasm is where functions run of which nothing else is said.
var onlyWasm = []placement.Place{placement.Wasm}

// Place says where functions run. The answer of in is for a function in the host of a root, or, if the root is empty, in hosts that do not
// say otherwise.
func (p *Plan) Place(in func(root, function string) []placement.Place) {
	for _, f := range p.Functions {
		f.Places, f.In = in("", f.Name), nil
		for _, root := range p.Functions {
			if places := in(root.Name, f.Name); !slices.Equal(places, f.Places) {
				f.In = append(f.In, PlacesIn{root.Name, places})
			}
		}
	}
	for _, root := range p.Functions {
		app := p.App(root)
		for _, f := range p.Functions {
			if !app.Has(f.Name) {
				f.In = slices.DeleteFunc(f.In, func(in PlacesIn) bool { return in.Root == root.Name })
			}
		}
	}
}

// PlacesIn returns where the function runs in the host of a root.
func (f *Function) PlacesIn(root string) []placement.Place {
	for _, in := range f.In {
		if in.Root == root {
			return in.Places
		}
	}
	if len(f.Places) == 0 {
		return onlyWasm
	}
	return f.Places
}

// IsRemote says whether the function is no part of the host of a root.
func (f *Function) IsRemote(root string) bool {
	return f.PlacesIn(root)[0] == placement.Remote
}

// isPlaced says whether a function runs elsewhere than as a guest, so that the plan has to say where functions run.
func (p *Plan) isPlaced() bool {
	return slices.ContainsFunc(p.Functions, func(f *Function) bool { return !slices.Equal(f.PlacesIn(""), onlyWasm) || len(f.In) > 0 })
}

// where says in words where functions run.
func where(places []placement.Place) string {
	words := map[placement.Place]string{placement.Wasm: "as a guest", placement.Native: "natively", placement.Remote: "outside, so that calls to it leave the host"}
	s := words[places[0]]
	if len(places) > 1 {
		s += ", or " + words[places[1]] + " if the host is told so"
	}
	return s
}

// Runs says in words where the function runs, and Elsewhere in which hosts it does elsewhere, if there are any.
func (f *Function) Runs() string { return where(f.PlacesIn("")) + f.Elsewhere() }

// Elsewhere is the part of Runs about single hosts, or empty.
func (f *Function) Elsewhere() string {
	s := ""
	for _, in := range f.In {
		s += fmt.Sprintf("; in the host of %s %s", in.Root, where(in.Places))
	}
	return s
}

// textPlaces prints where a function runs.
func (f *Function) textPlaces(b *strings.Builder) {
	fmt.Fprintf(b, "  runs   %s\n", where(f.PlacesIn("")))
	for _, in := range f.In {
		fmt.Fprintf(b, "  runs   in the host of %s: %s\n", in.Root, where(in.Places))
	}
}

// placeTag is a word for where a function runs, or empty for a guest.
func (f *Function) placeTag() string {
	places := f.PlacesIn("")
	if slices.Equal(places, onlyWasm) {
		return ""
	}
	words := make([]string, len(places))
	for i, place := range places {
		words[i] = string(place)
	}
	return strings.Join(words, ", ")
}

// inHost returns the functions as they are in the host of a root, for a plan that is about that alone.
func (p *Plan) inHost(root *Function) *Plan {
	c := *p
	c.Functions = nil
	for _, f := range p.Functions {
		f := *f
		f.Places, f.In = f.PlacesIn(root.Name), nil
		c.Functions = append(c.Functions, &f)
	}
	return &c
}
