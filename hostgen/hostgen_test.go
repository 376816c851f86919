package hostgen_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/hostgen"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
)

var update = flag.Bool("update", false, "write the goldens")

// placed is an app in which the root is built for two places, another function runs natively, and a third is remote.
func placed(front, cart plan.Function) *plan.App {
	mail := &plan.Function{Name: "mail", Exports: []string{"shop.v1.Mail"}}
	p := &plan.Plan{Functions: []*plan.Function{&front, mail, &cart}, Edges: []plan.Edge{
		{From: "front", To: "mail", Service: "shop.v1.Mail"},
		{From: "front", To: "the-cart", Service: "shop.v1.Cart"},
		{From: "the-cart", To: "mail", Service: "shop.v1.Mail"},
	}}
	p.Place(func(_, function string) []placement.Place {
		return map[string][]placement.Place{"front": {placement.Native, placement.Wasm}, "the-cart": {placement.Native}, "mail": {placement.Remote}}[function]
	})
	return p.App(&front)
}

func TestHostMain(t *testing.T) {
	front := &plan.Function{Name: "front", Exports: []string{"shop.v1.Admin", "shop.v1.Shop"}, Imports: []string{"shop.v1.Cart", "shop.v1.Shop"}}
	cart := &plan.Function{Name: "the-cart", Exports: []string{"shop.v1.Cart"}}
	tests := map[string]*plan.App{
		"alone": {Root: cart, Functions: []*plan.Function{cart}},
		"edges": {Root: front, Functions: []*plan.Function{front, cart}, Edges: []plan.Edge{
			{From: "front", To: "the-cart", Service: "shop.v1.Cart"},
			{From: "front", To: "front", Service: "shop.v1.Shop"},
		}},
		"remote": {Root: front, Functions: []*plan.Function{front, cart}, Edges: []plan.Edge{
			{From: "front", To: "the-cart", Service: "shop.v1.Cart"},
			{From: "front", Service: "shop.v1.Shop"},
		}},
		"network": {Root: front, Functions: []*plan.Function{front, cart}, Edges: []plan.Edge{{From: "front", To: "the-cart", Service: "shop.v1.Cart"}}},
		"places":  placed(*front, *cart),
		// A folder may be called anything.
		"odd": {Root: &plan.Function{Name: "fün \"quoted\"", Exports: []string{"X"}}, Functions: []*plan.Function{{Name: "fün \"quoted\"", Exports: []string{"X"}}}},
	}
	networks := map[string]map[string]hostgen.Network{"network": {
		"front":    {Allow: []string{"cache:6379", "unix:/run/\"a\""}, Listen: []string{"9090=:19090"}},
		"the-cart": {Allow: []string{"*.example.com:443"}},
		"other":    {Allow: []string{"*"}},
	}}
	for name, app := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := hostgen.Main(app, networks[name])
			if err != nil {
				t.Fatal(err)
			}
			if again, err := hostgen.Main(app, networks[name]); err != nil || !bytes.Equal(got, again) {
				t.Errorf("two runs differ: %v\n%s", err, cmp.Diff(string(got), string(again)))
			}
			golden := filepath.Join("testdata", name+".go.golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got), rewritten by -update:\n%s", golden, diff)
			}
		})
	}
}
