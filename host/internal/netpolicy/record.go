package netpolicy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/cofaas/cofaas/internal/netrules"
)

// maxRecorded is how many destinations are recorded of a function, and how many names and listeners.
const maxRecorded = 4096

// record is what a function did while everything was allowed.
type record struct {
	entries   set // what it connected to, as entries
	dialled   set // names of that
	looked    set // names that it looked up
	listening set // what it listened on
}

// set is a bounded set.
type set map[string]bool

func (s set) add(x string) {
	if len(s) < maxRecorded {
		s[x] = true
	}
}

func newRecord() *record {
	return &record{entries: set{}, dialled: set{}, looked: set{}, listening: set{}}
}

func (r *record) dial(proto string, addr netip.Addr, port uint16, names []string) {
	prefix := ""
	if proto == "udp" {
		prefix = "udp:"
	}
	for _, name := range slices.Backward(names) {
		if !netrules.IsName(name) {
			continue
		}
		entry := fmt.Sprintf("%s%s:%d", prefix, name, port)
		if parsed, err := netrules.Parse(entry); err == nil && len(parsed) == 1 && parsed[0].Opens(name, addr) {
			r.entries.add(entry)
			r.dialled.add(name)
			return
		}
	}
	r.add(fmt.Sprintf("%s%s:%d", prefix, hostText(addr), port))
}

// add records an entry. What a guest asks for may be none, as port 0 is, or worse, several, as a path with a comma.
func (r *record) add(entry string) {
	if parsed, err := netrules.Parse(entry); err == nil && len(parsed) == 1 {
		r.entries.add(entry)
	}
}

func (r *record) path(path string) { r.add("unix:" + path) }

// lookup records a name. What is none was not found, and must not become an entry that means more than a name.
func (r *record) lookup(name string) {
	if netrules.IsName(name) {
		r.looked.add(name)
	}
}

func (r *record) reverse(addr netip.Addr) { r.looked.add(hostText(addr)) }

func (r *record) listen(proto string, port uint16, address string) {
	switch proto {
	case "unix":
		r.listening.add("unix:" + address)
	case "udp":
		r.listening.add(fmt.Sprintf("udp:%d", port))
	default:
		r.listening.add(fmt.Sprint(port))
	}
}

// Recorded returns what the function did while everything was allowed: entries without wildcards that would have sufficed, and what it
// listened on that no mapping is for. Both are sorted.
func (p *Policy) Recorded() (allow, private []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.recorded == nil {
		return nil, nil
	}
	r := p.recorded
	entries := maps.Clone(r.entries)
	for name := range r.looked {
		if !r.dialled[name] {
			entries["lookup:"+name] = true
		}
	}
	return slices.Sorted(maps.Keys(entries)), slices.Sorted(maps.Keys(r.listening))
}
