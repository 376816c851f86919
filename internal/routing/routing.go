// Package routing says which of several functions a dialled target leads to, if nothing but the target is known. The host decides by it
// while functions run, and plans say by it what the host will do; docs/routing.md has the rules for users.
//
// The package imports the standard library only: it is linked into hosts.
package routing

import (
	"cmp"
	"net"
	"net/url"
	"strings"
)

// Target is what a function has dialled.
type Target struct {
	// Dialled is the text that the function gave, Canonical the same with scheme and authority: "dns:///host:port".
	Dialled, Canonical string
}

// Parse makes a target of the text that a function dials, as grpc.NewClient does where only the resolvers of grpc-go are registered.
// Other schemes are taken for such if a slash follows, so that host:port is none.
func Parse(dialled string) Target {
	if u, err := url.Parse(dialled); err == nil && u.Scheme != "" {
		rest := dialled[len(u.Scheme)+1:]
		if u.Scheme == "unix" || u.Scheme == "unix-abstract" || u.Scheme == "dns" || u.Scheme == "passthrough" || strings.HasPrefix(rest, "//") {
			// As grpc-go's resolver.Target.String.
			return Target{dialled, u.Scheme + "://" + u.Host + "/" + strings.TrimPrefix(cmp.Or(u.Path, u.Opaque), "/")}
		}
	}
	return Target{dialled, "dns:///" + dialled}
}

// Endpoint is the target without scheme and authority, and whether it is the path of a Unix socket.
func (t Target) Endpoint() (endpoint string, unix bool) {
	u, err := url.Parse(t.Canonical)
	if err != nil {
		return t.Dialled, false
	}
	if u.Scheme == "unix" {
		return u.Path + u.Opaque, true
	}
	// As grpc-go's resolver.Target.Endpoint.
	endpoint = u.Path
	if endpoint == "" {
		endpoint = u.Opaque
	}
	return strings.TrimPrefix(endpoint, "/"), false
}

// Is says whether the operator means this target with a text.
func (t Target) Is(text string) bool {
	endpoint, _ := t.Endpoint()
	return text != "" && (text == t.Dialled || text == t.Canonical || text == endpoint)
}

// Label is the first label of the DNS name in the target, or empty.
func (t Target) Label() string {
	endpoint, unix := t.Endpoint()
	host := hostOf(endpoint)
	if unix || net.ParseIP(host) != nil {
		return ""
	}
	label, _, _ := strings.Cut(host, ".")
	return label
}

// Reaches says whether the target has the port, or is the socket, that is listened on. Its host says nothing: natively it may be any of
// the machine's.
func (t Target) Reaches(a Address) bool {
	endpoint, unix := t.Endpoint()
	if unix || a.Network == "unix" {
		return unix && a.Network == "unix" && endpoint == a.Address
	}
	_, want, err := net.SplitHostPort(endpoint)
	_, has, err2 := net.SplitHostPort(a.Address)
	return err == nil && err2 == nil && want == has && want != "0"
}

// Address is where a function listens, as given to net.Listen.
type Address struct{ Network, Address string }

// Function is one that may answer.
type Function struct {
	Name      string
	Addresses []Address
}

// Choose returns the index of the function that a target leads to: the one that is called as its host, or else the only one that listens
// where it points to. Without one it returns -1.
func Choose(t Target, functions []Function) int {
	if label := t.Label(); label != "" {
		for i := range functions {
			if functions[i].Name == label {
				return i
			}
		}
	}
	found := -1
	for i := range functions {
		for _, a := range functions[i].Addresses {
			if !t.Reaches(a) {
				continue
			}
			if found >= 0 && found != i {
				return -1
			}
			found = i
		}
	}
	return found
}

// hostOf is a host:port without the port.
func hostOf(endpoint string) string {
	if host, _, err := net.SplitHostPort(endpoint); err == nil {
		return host
	}
	return strings.Trim(endpoint, "[]")
}
