package contract

import (
	"path"
	"slices"

	"github.com/cofaas/cofaas/test/contract/behaviours"
)

// difference is something that a host does otherwise than native gRPC, knowingly. Its behaviours are left out where it shows.
type difference struct {
	modes     []string
	positions []behaviours.Position // nil for all
	names     string                // a pattern of package path
	reason    string
}

var differences = []difference{
	{
		[]string{"consolidated", "isolates", "mixed", "mixed-guest"}, nil, "annex/serves",
		"calls between functions lead to a function, whichever of its listeners was dialled",
	},
	{
		[]string{"consolidated", "remote", "isolates", "isolates-remote", "mixed", "mixed-guest"}, []behaviours.Position{behaviours.Edge}, "codec/that fails in the middle of a stream/*",
		"calls between functions are not encoded: what the callee's codec could not decode ends the call where it is sent, whatever came before",
	},
	{
		[]string{"consolidated", "remote", "isolates", "isolates-remote", "mixed", "mixed-guest"}, []behaviours.Position{behaviours.Edge}, "codec/that fails on what nobody receives/*",
		"calls between functions are not encoded: what the callee's codec could not decode ends the call where it is sent, whoever receives it",
	},
	{
		[]string{"remote", "isolates-remote"}, []behaviours.Position{behaviours.Edge}, "server/unknown *",
		"what generation has not seen a function call, a host cannot carry out of itself: it says so with Unavailable",
	},
	{
		[]string{"remote", "isolates-remote"}, nil, "annex/serves",
		"a host listens where the first server of its function does, and nowhere else: all services are served there",
	},
	{
		[]string{"remote", "isolates-remote"}, nil, "annex/WaitForReady",
		"a host serves while a server of its function is stopped, so that clients do not wait for it but get Unavailable",
	},
}

// known returns the difference because of which a behaviour is left out, or nil.
func known(m *mode, b *behaviours.Behaviour, position behaviours.Position) *difference {
	for i := range differences {
		d := &differences[i]
		matches, err := path.Match(d.names, b.Name)
		if err != nil {
			panic(err)
		}
		if matches && slices.Contains(d.modes, m.name) && (d.positions == nil || slices.Contains(d.positions, position)) {
			return d
		}
	}
	return nil
}
