package netrules

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Mapping says where the host serves what a function listens on.
type Mapping struct {
	// Network is "tcp", "udp" or "unix", and Port or Path what the function listens on there.
	Network string
	Port    uint16
	Path    string
	// HostNetwork and HostAddress are for net.Listen or net.ListenPacket.
	HostNetwork, HostAddress string
	none                     bool
}

const wantMapping = "want PORT=ADDRESS, as 9090=:19090, udp:5353=:5353 or unix:/run/app.sock=unix:/srv/app.sock"

// ParseMappings parses mappings with commas between them. The error joins an [Error] for each that is wrong.
func ParseMappings(text string) ([]Mapping, error) {
	return split(text, parseMapping)
}

func parseMapping(text string) (Mapping, error) {
	if text == "none" {
		return Mapping{none: true}, nil
	}
	guest, host, hasHost := strings.Cut(text, "=")
	var m Mapping
	if p, ok := strings.CutPrefix(guest, "unix:"); ok {
		m.Network, m.Path = "unix", p
		if !isSocket(p) {
			return m, errors.New("a socket has a path; " + wantMapping)
		}
		if !hasHost {
			return m, errors.New("where the host serves the socket is missing; " + wantMapping)
		}
	} else {
		m.Network = "tcp"
		if port, ok := strings.CutPrefix(guest, "udp:"); ok {
			m.Network, guest = "udp", port
		}
		guest = strings.TrimPrefix(strings.TrimPrefix(guest, "tcp:"), ":")
		var ok bool
		if m.Port, ok = parsePort(guest); !ok {
			return m, fmt.Errorf("%q is no port from 0 to 65535; %s", guest, wantMapping)
		}
		if !hasHost {
			if m.Port == 0 {
				return m, errors.New("a function that listens on port 0 takes any; " + wantMapping)
			}
			host = ":" + strconv.Itoa(int(m.Port))
		}
	}
	return m, m.parseHost(host)
}

func (m *Mapping) parseHost(host string) error {
	if p, ok := strings.CutPrefix(host, "unix:"); ok {
		m.HostNetwork, m.HostAddress = "unix", p
		if !isSocket(p) {
			return errors.New("a socket of the host has a path; " + wantMapping)
		}
		if m.Network == "udp" {
			return errors.New("what is received over UDP cannot be served at a socket with a path; " + wantMapping)
		}
		return nil
	}
	m.HostNetwork, m.HostAddress = "tcp", host
	if m.Network == "udp" {
		m.HostNetwork = "udp"
	}
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		return fmt.Errorf("%q is no address of the host; %s", host, wantMapping)
	}
	if _, ok := parsePort(port); !ok {
		return fmt.Errorf("%q is no port from 0 to 65535; %s", port, wantMapping)
	}
	return nil
}

// isSocket reports whether p can be the path of a socket, or @ and a name.
func isSocket(p string) bool { return p != "" && p != "@" && !strings.ContainsAny(p, "\x00\n") }

// IsNone reports whether the mapping is none, which takes back what a function states itself.
func (m Mapping) IsNone() bool { return m.none }

// Guest returns the left side of a mapping as ParseMappings reads it.
func (m Mapping) Guest() string {
	switch m.Network {
	case "unix":
		return "unix:" + m.Path
	case "udp":
		return "udp:" + strconv.Itoa(int(m.Port))
	}
	return strconv.Itoa(int(m.Port))
}

// String returns the mapping as ParseMappings reads it.
func (m Mapping) String() string {
	if m.none {
		return "none"
	}
	if m.HostNetwork == "unix" {
		return m.Guest() + "=unix:" + m.HostAddress
	}
	return m.Guest() + "=" + m.HostAddress
}

// Rule is an [Entry] or a [Mapping].
type Rule interface {
	IsNone() bool
	String() string
}

// Effective returns the rules that count: what the function states itself, unless the operator takes it back, and what the operator
// says. A rule that is there twice counts once.
func Effective[R Rule](own, operator []R) []R {
	for _, r := range operator {
		if r.IsNone() {
			own = nil
			break
		}
	}
	var out []R
	seen := map[string]bool{}
	for _, rules := range [][]R{own, operator} {
		for _, r := range rules {
			if !r.IsNone() && !seen[r.String()] {
				seen[r.String()] = true
				out = append(out, r)
			}
		}
	}
	return out
}
