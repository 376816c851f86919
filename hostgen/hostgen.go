// Package hostgen generates the host main of an app from its plan. What a host does is in package host; a main only says which
// guests, which edges and which public services.
package hostgen

import (
	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/templates"
)

// Main returns the source of the app's host main.
func Main(app *plan.App) ([]byte, error) {
	return templates.Go("host_main.go", struct {
		ABI       int
		Root      string
		Public    []string
		Functions []*plan.Function
		Edges     []plan.Edge
	}{abi.Version, app.Root.Name, app.Root.Exports, app.Functions, app.Edges})
}
