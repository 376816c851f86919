package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
)

// TestPlace asks which functions and edges hosts have if functions are at several places.
func TestPlace(t *testing.T) {
	p, err := plan.Make(result(
		"shop: s.Shop -> c.Cart m.Mail=mail:25 m.Mail=bulk:25",
		"cart: c.Cart -> m.Mail=mail:25 d.Store",
		"mail: m.Mail -> q.Queue", "bulk: m.Mail", "queue: q.Queue", "store: d.Store",
	), short)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Functions {
		if !slices.Equal(f.Places, []placement.Place{placement.Wasm}) || f.IsRemote("") {
			t.Errorf("%s is at %v", f.Name, f.Places)
		}
	}
	p.Place(func(root, function string) []placement.Place {
		switch {
		case function == "mail" && root != "mail" || function == "bulk":
			return []placement.Place{placement.Remote}
		case function == "store" && (root == "shop" || root == "queue"): // the host of queue has none
			return []placement.Place{placement.Native, placement.Wasm}
		}
		return []placement.Place{placement.Wasm}
	})

	describe := func(app *plan.App) (list []string) {
		for _, f := range app.Functions {
			list = append(list, fmt.Sprint(f.Name, " ", f.PlacesIn(app.Root.Name)))
		}
		for _, f := range app.Remote {
			list = append(list, "remote "+f.Name)
		}
		for _, e := range app.Edges {
			list = append(list, fmt.Sprintf("%s -> %s %s, %d calls", e.From, e.To, e.Service, len(e.Calls)))
		}
		return list
	}
	for root, want := range map[string][]string{
		// Calls to functions that are remote leave the host by one edge, and what these call is not part of it.
		"shop": {
			"shop [wasm]", "cart [wasm]", "store [native wasm]", "remote bulk", "remote mail",
			"shop -> cart c.Cart, 1 calls", "shop ->  m.Mail, 2 calls", "cart -> store d.Store, 1 calls", "cart ->  m.Mail, 1 calls",
		},
		"mail": {"mail [wasm]", "queue [wasm]", "mail -> queue q.Queue, 1 calls"},
	} {
		if diff := cmp.Diff(want, describe(p.App(p.Function(root)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", root, diff)
		}
	}
	in := map[string][]string{}
	for _, f := range p.Functions {
		for _, i := range f.In {
			in[f.Name] = append(in[f.Name], fmt.Sprint(i.Root, i.Places))
		}
	}
	if diff := cmp.Diff(map[string][]string{"mail": {"mail[wasm]"}, "store": {"shop[native wasm]"}}, in); diff != "" {
		t.Errorf("places in hosts (-want +got):\n%s", diff)
	}

	// Of one function, a plan is about its host.
	part := p.Of([]*plan.Function{p.Function("shop")})
	var got []string
	for _, f := range part.Functions {
		got = append(got, fmt.Sprint(f.Name, " ", f.Places, len(f.In)))
	}
	if diff := cmp.Diff([]string{"bulk [remote] 0", "cart [wasm] 0", "mail [remote] 0", "shop [wasm] 0", "store [native wasm] 0"}, got); diff != "" {
		t.Errorf("the plan of shop (-want +got):\n%s", diff)
	}
	if f := p.Function("store"); len(f.In) != 1 {
		t.Errorf("the whole plan has changed: %+v", f)
	}
}
