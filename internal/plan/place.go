package plan

import (
	"slices"

	"github.com/cofaas/cofaas/internal/placement"
)

// PlacesIn says that a function runs elsewhere in the host of one root.
type PlacesIn struct {
	Root   string            `json:"root"`
	Places []placement.Place `json:"places"`
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
