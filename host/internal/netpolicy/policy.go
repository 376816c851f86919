// Package netpolicy decides what each function may do on the network: whom it may connect to, what it may look up, and what of
// that on which it listens is served by the host. The rules are those of package netrules; here is what has to be remembered to follow
// them. It opens nothing itself.
//
// Guests connect to addresses, and operators allow names. So a policy remembers which addresses the host's own answers have given
// for names that the function may look up; only they are open because of a name.
package netpolicy

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cofaas/cofaas/internal/netrules"
)

// Config is what a Policy follows.
type Config struct {
	// Function is the name of the function.
	Function string
	// Allow has what the function may connect to and look up, Listen where the host serves what it listens on. Of several mappings for
	// one port the last counts.
	Allow  []netrules.Entry
	Listen []netrules.Mapping
	// Audit allows everything, and records it.
	Audit bool
	// Log gets a line for refusals, at most one per destination and [LogInterval].
	Log *slog.Logger
}

// Policy is that of one function, for all of its instances. It is safe for concurrent use.
type Policy struct {
	function string
	allow    []netrules.Entry
	listen   []netrules.Mapping
	list     string // Allow as errors show it
	refused  reporter

	mu       sync.Mutex
	answers  *answers
	recorded *record // nil unless everything is allowed
}

// New returns a policy.
func New(cfg Config) *Policy {
	p := &Policy{
		function: cfg.Function, allow: cfg.Allow, listen: cfg.Listen, list: listText(cfg.Allow), answers: newAnswers(),
		refused: reporter{log: cfg.Log, function: cfg.Function, now: time.Now, last: map[string]time.Time{}},
	}
	if cfg.Audit {
		p.recorded = newRecord()
	}
	return p
}

// Outbound reports whether the function may connect to anything at all.
func (p *Policy) Outbound() bool { return len(p.allow) > 0 || p.recorded != nil }

// Listens reports whether the host serves anything that the function listens on.
func (p *Policy) Listens() bool {
	return slices.ContainsFunc(p.listen, func(m netrules.Mapping) bool { return !m.IsNone() })
}

// Dial says whether the function may connect to an address, or send it a datagram: an IP address and a port, or the path of a Unix
// domain socket. Networks are those of package net. The text of an error is for the guest.
func (p *Policy) Dial(network, address string) error {
	proto, ok := protocol(network)
	if !ok {
		return p.refusal("may not connect to "+printable(network+" "+address), "")
	}
	if proto == "unix" {
		return p.dialPath(address)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return p.refusal("may not connect to "+printable(address)+", which is no address", "")
	}
	addr, port := netrules.Addr(ap.Addr()), ap.Port()
	if p.recorded == nil {
		for i := range p.allow {
			if e := &p.allow[i]; e.CoversPort(proto, port) && e.CoversAddr(addr) {
				return nil
			}
		}
	}
	name, allowed := p.dialNamed(proto, addr, port)
	if allowed {
		return nil
	}
	return p.dialRefusal(proto, name, addr, port)
}

// dialNamed says whether a name opens an address, and otherwise which name it has, if the function has looked one up.
func (p *Policy) dialNamed(proto string, addr netip.Addr, port uint16) (name string, allowed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := p.answers.names(addr)
	if p.recorded != nil {
		p.recorded.dial(proto, addr, port, names)
		return "", true
	}
	for i := range p.allow {
		e := &p.allow[i]
		if e.CoversPort(proto, port) && slices.ContainsFunc(names, func(name string) bool { return e.Opens(name, addr) }) {
			p.answers.use(addr)
			return "", true
		}
	}
	if len(names) > 0 {
		name = names[len(names)-1]
	}
	return name, false
}

func (p *Policy) dialRefusal(proto, name string, addr netip.Addr, port uint16) error {
	host := hostText(addr)
	to := host
	if name != "" {
		to = printable(name)
	}
	// Where an entry has the name or * it is the address that needs an entry.
	guarded := slices.ContainsFunc(p.allow, func(e netrules.Entry) bool { return e.CoversPort(proto, port) && e.CoversName(name) })
	what := fmt.Sprintf("may not connect to %s:%d", to, port)
	if guarded && name != "" {
		what += " at " + host
	}
	if guarded || !netrules.IsName(to) {
		to = host
	}
	entry := fmt.Sprintf("%s:%d", to, port)
	if proto == "udp" {
		entry = "udp:" + entry
	}
	err := p.refusal(what, entry)
	if guarded {
		err = fmt.Errorf("%w, which opens %s only by an entry with the address", err, host)
	}
	return err
}

func (p *Policy) dialPath(path string) error {
	if p.recorded != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.recorded.path(path)
		return nil
	}
	for i := range p.allow {
		if p.allow[i].CoversPath(path) {
			return nil
		}
	}
	entry := "unix:" + path
	if parsed, err := netrules.Parse(entry); err != nil || len(parsed) != 1 || strings.Contains(path, ";") {
		entry = ""
	}
	return p.refusal("may not connect to unix:"+printable(path), entry)
}

// Lookup says whether the function may look up a name, whatever is asked of it, or the name of an address. The text of an error is for
// the guest. The name of the machine itself may always be looked up: it tells nothing, and guests listen on it.
func (p *Policy) Lookup(text string) error {
	if addr, err := netip.ParseAddr(text); err == nil {
		return p.lookupAddr(netrules.Addr(addr))
	}
	name := netrules.Name(text)
	if name == netrules.Localhost {
		return nil
	}
	of, isService := netrules.ServiceName(name)
	if p.recorded != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if isService {
			name = of
		}
		p.recorded.lookup(name)
		return nil
	}
	if p.coversName(name) {
		return nil
	}
	if isService {
		name = of
	}
	entry := ""
	if netrules.IsName(name) {
		entry = name + ":PORT"
	}
	return p.refusal("may not look up "+printable(netrules.Name(text)), entry)
}

// MayLookup says whether Lookup would allow a name, without a word in the log.
func (p *Policy) MayLookup(name string) bool {
	name = netrules.Name(name)
	return name == netrules.Localhost || p.recorded != nil || p.coversName(name)
}

// coversName says whether an entry is for a name, or for the one whose service it is.
func (p *Policy) coversName(name string) bool {
	of, isService := netrules.ServiceName(name)
	return slices.ContainsFunc(p.allow, func(e netrules.Entry) bool { return e.CoversName(name) || isService && e.CoversName(of) })
}

func (p *Policy) lookupAddr(addr netip.Addr) error {
	if p.isOpen(addr) {
		return nil
	}
	return p.refusal("may not look up "+addr.String(), "lookup:"+hostText(addr))
}

// isOpen says whether something of an address is open.
func (p *Policy) isOpen(addr netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.recorded != nil {
		p.recorded.reverse(addr)
		return true
	}
	names := p.answers.names(addr)
	return slices.ContainsFunc(p.allow, func(e netrules.Entry) bool {
		return e.CoversAddr(addr) || slices.ContainsFunc(names, func(name string) bool { return e.Opens(name, addr) })
	})
}

// Answered tells what a look-up gave that the policy has allowed.
func (p *Policy) Answered(text string, addrs []netip.Addr) {
	name := netrules.Name(text)
	if len(name) > maxName {
		return // no resolver has such an answer
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, addr := range addrs {
		p.answers.add(netrules.Addr(addr), name)
	}
}

// Mapping says where the host serves what the function listens on, if it does. Networks and addresses are those of package net; the empty
// address is any. What is not served by the host is between the goroutines of an instance.
func (p *Policy) Mapping(network, address string) (hostNetwork, hostAddress string, ok bool) {
	proto, known := protocol(network)
	if !known {
		return "", "", false
	}
	var port uint16
	ap, err := netip.ParseAddrPort(address)
	if proto != "unix" {
		if port, known = portOf(address); !known {
			return "", "", false
		}
	}
	for _, m := range slices.Backward(p.listen) {
		switch {
		case m.IsNone() || m.Network != proto:
		case proto == "unix" && m.Path == address:
			if m.HostNetwork == "unix" {
				return network, m.HostAddress, true // of whatever type
			}
			return m.HostNetwork, m.HostAddress, network == "unix"
		case proto != "unix" && m.Port == port:
			return m.HostNetwork, m.HostAddress, true
		}
	}
	udp := p.recorded != nil || slices.ContainsFunc(p.allow, netrules.Entry.IsUDP)
	if proto == "udp" && port == 0 && udp && (err != nil || !ap.Addr().IsMulticast()) {
		// This is how clients begin that talk to several servers.
		return network, address, true
	}
	if p.recorded != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.recorded.listen(proto, port, address)
	}
	return "", "", false
}

// protocol is what rules call a network of package net.
func protocol(network string) (string, bool) {
	switch network {
	case "tcp", "tcp4", "tcp6":
		return "tcp", true
	case "udp", "udp4", "udp6":
		return "udp", true
	case "unix", "unixgram", "unixpacket":
		return "unix", true
	}
	return "", false
}

// portOf is the port of an address to listen on, whose host may be missing.
func portOf(address string) (uint16, bool) {
	if address == "" {
		return 0, true
	}
	if strings.HasPrefix(address, ":") {
		address = "0.0.0.0" + address
	}
	ap, err := netip.ParseAddrPort(address)
	return ap.Port(), err == nil
}

// hostText is an address as it stands before a port. A zone that is no name of an interface, but could mean something else in an entry,
// is left out: guests write what they like.
func hostText(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	if strings.ContainsFunc(a.Zone(), func(r rune) bool { return !isZoneRune(r) }) {
		a = a.WithZone("")
	}
	return "[" + a.String() + "]"
}

func isZoneRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:@", r)
}

// refusal reports a refusal and returns it as an error. The entry is what would allow it; there may be none, and what a guest makes up
// must not become one that allows more.
func (p *Policy) refusal(what, entry string) error {
	p.refused.report(what, entry)
	return fmt.Errorf("cofaas policy: function %q %s; its outbound allow-list %s", p.function, what, p.list)
}

// maxListed is how many entries an error shows.
const maxListed = 20

func listText(entries []netrules.Entry) string {
	if len(entries) == 0 {
		return "is empty"
	}
	var texts []string
	for _, e := range entries[:min(len(entries), maxListed)] {
		texts = append(texts, e.String())
	}
	text := "is: " + strings.Join(texts, ", ")
	if more := len(entries) - maxListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// maxName is the longest name in the DNS, in bytes.
const maxName = 253

// printable is text of a guest's as people and logs may see it.
func printable(s string) string {
	if len(s) > maxName {
		s = s[:maxName] + "..."
	}
	for _, c := range s {
		if c <= ' ' || c > '~' {
			return fmt.Sprintf("%+q", s)
		}
	}
	return s
}
