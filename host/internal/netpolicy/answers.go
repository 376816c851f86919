package netpolicy

import (
	"container/list"
	"net/netip"
	"slices"
)

const (
	// maxAddrs is how many addresses a policy remembers; those that were not used for the longest time are forgotten. There is no limit
	// of time: drivers that look a name up once and connect anew for weeks are common.
	maxAddrs = 1024
	// maxNames is how many names an address has; the oldest are forgotten.
	maxNames = 16
)

// answers are the addresses that look-ups gave.
type answers struct {
	byAddr map[netip.Addr]*list.Element // of *answer
	recent *list.List                   // the most recently used first
}

type answer struct {
	addr  netip.Addr
	names []string // the latest last
}

func newAnswers() *answers {
	return &answers{byAddr: map[netip.Addr]*list.Element{}, recent: list.New()}
}

func (a *answers) add(addr netip.Addr, name string) {
	element := a.byAddr[addr]
	if element == nil {
		if a.recent.Len() == maxAddrs {
			oldest := a.recent.Back()
			delete(a.byAddr, oldest.Value.(*answer).addr)
			a.recent.Remove(oldest)
		}
		element = a.recent.PushFront(&answer{addr: addr})
		a.byAddr[addr] = element
	}
	a.recent.MoveToFront(element)
	known := element.Value.(*answer)
	if i := slices.Index(known.names, name); i >= 0 {
		known.names = slices.Delete(known.names, i, i+1)
	}
	if len(known.names) == maxNames {
		known.names = slices.Delete(known.names, 0, 1)
	}
	known.names = append(known.names, name)
}

// names are those of an address, the latest last. They must not be kept.
func (a *answers) names(addr netip.Addr) []string {
	if element := a.byAddr[addr]; element != nil {
		return element.Value.(*answer).names
	}
	return nil
}

// use says that an address is in use.
func (a *answers) use(addr netip.Addr) {
	if element := a.byAddr[addr]; element != nil {
		a.recent.MoveToFront(element)
	}
}
