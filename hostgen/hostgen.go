// Package hostgen generates the host main of an app from its plan. What a host does is in package host; a main only says which
// guests, which edges and which public services.
package hostgen

import (
	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/templates"
)

// Network is what a function states that it does on the network, as rules of package netrules.
type Network struct{ Allow, Listen []string }

// Main returns the source of the app's host main. What functions state of the network is by name, and may be missing.
func Main(app *plan.App, network map[string]Network) ([]byte, error) {
	return templates.Go("host_main.go", struct {
		ABI       int
		Root      string
		Public    []string
		Functions []*plan.Function
		Places    map[string][]string
		Network   map[string]Network
		Edges     []plan.Edge
	}{abi.Version, app.Root.Name, app.Root.Exports, app.Functions, places(app), network, app.Edges})
}

// places are those of functions that run elsewhere than as guests alone.
func places(app *plan.App) map[string][]string {
	all := map[string][]string{}
	for _, f := range app.Functions {
		places := f.PlacesIn(app.Root.Name)
		if len(places) == 1 && places[0] == placement.Wasm {
			continue
		}
		for _, p := range places {
			all[f.Name] = append(all[f.Name], string(p))
		}
	}
	return all
}
