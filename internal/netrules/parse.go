package netrules

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
)

// Error is what is wrong with an entry or a mapping.
type Error struct {
	// Offset is where it begins in the text that was parsed, in bytes from 0.
	Offset int
	// Text is the entry or mapping.
	Text string
	// Problem is what is wrong, and what was wanted, with an example.
	Problem string
}

func (e *Error) Error() string {
	return fmt.Sprintf("column %d: %q: %s", e.Offset+1, e.Text, e.Problem)
}

// Errors returns the *Errors that a function of this package has joined.
func Errors(err error) []*Error {
	var one *Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []*Error
		for _, err := range joined.Unwrap() {
			list = append(list, Errors(err)...)
		}
		return list
	}
	if errors.As(err, &one) {
		return []*Error{one}
	}
	return nil
}

// Parse parses entries with commas between them. The error joins an [Error] for each that is wrong.
func Parse(text string) ([]Entry, error) {
	return split(text, parseEntry)
}

// split parses what commas separate. White space around a part does not count.
func split[T any](text string, parse func(string) (T, error)) ([]T, error) {
	var list []T
	var errs []error
	offset := 0
	for part := range strings.SplitSeq(text, ",") {
		trimmed := strings.TrimSpace(part)
		x, err := parse(trimmed)
		if err == nil {
			list = append(list, x)
		} else {
			errs = append(errs, &Error{Offset: offset + len(part) - len(strings.TrimLeftFunc(part, unicode.IsSpace)), Text: trimmed, Problem: err.Error()})
		}
		offset += len(part) + 1
	}
	return list, errors.Join(errs...)
}

const wantEntry = "want HOST:PORT, as cache:6379, *.example.com:443 or 10.0.0.0/8:5432"

func parseEntry(text string) (Entry, error) {
	switch text {
	case "":
		return Entry{}, errors.New("an entry is missing; " + wantEntry)
	case "*":
		return Entry{text: text, kind: everything}, nil
	case "none":
		return Entry{text: text, kind: none}, nil
	}
	if p, ok := strings.CutPrefix(text, "unix:"); ok {
		return parsePath(p)
	}
	e := Entry{network: "tcp"}
	rest := text
	for _, network := range []string{"tcp", "udp"} {
		if after, ok := strings.CutPrefix(text, network+":"); ok {
			e.network, rest = network, after
			if !strings.Contains(after, ":") {
				return e, fmt.Errorf("it has no port; want %s:HOST:PORT, as %[1]s:10.0.0.2:53", network)
			}
		}
	}
	if host, ok := strings.CutPrefix(text, "lookup:"); ok {
		return parseLookup(host)
	}
	host, ports, err := cutPort(rest)
	if err != nil {
		return e, err
	}
	if e.first, e.last, err = parsePorts(ports); err != nil {
		return e, err
	}
	if err := e.parseHost(host); err != nil {
		return e, err
	}
	e.text = e.hostText() + ":" + portsText(e.first, e.last)
	if e.network == "udp" {
		e.text = "udp:" + e.text
	}
	return e, nil
}

func parseLookup(host string) (Entry, error) {
	e := Entry{network: "lookup"}
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") && strings.Contains(inner, ":") {
		host = inner[:len(inner)-1]
	}
	if err := e.parseHost(host); err != nil {
		return e, err
	}
	e.text = "lookup:" + e.hostText()
	return e, nil
}

func parsePath(p string) (Entry, error) {
	if p == "" || p == "@" || p[0] != '/' && p[0] != '@' || strings.ContainsAny(p, "\x00\n") {
		return Entry{}, errors.New("a socket has an absolute path, or @ and a name; want unix:PATH, as unix:/run/app.sock")
	}
	return Entry{text: "unix:" + p, kind: path, name: p}, nil
}

// cutPort cuts an entry into its host, without brackets, and its ports.
func cutPort(s string) (host, ports string, err error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		host, after, ok := strings.Cut(inner, "]")
		ports, hasPort := strings.CutPrefix(after, ":")
		switch {
		case !ok:
			return "", "", errors.New("a bracket is not closed; want [ADDRESS]:PORT, as [2001:db8::1]:443")
		case !hasPort:
			return "", "", errors.New("it has no port; want [ADDRESS]:PORT, as [2001:db8::1]:443")
		case !strings.Contains(host, ":"):
			return "", "", errors.New("only an IPv6 address has brackets; " + wantEntry)
		}
		return host, ports, nil
	}
	i := strings.LastIndexByte(s, ':')
	switch {
	case i < 0:
		return "", "", errors.New("it has no port; " + wantEntry)
	case strings.Contains(s[:i], ":"):
		return "", "", errors.New("an IPv6 address has brackets; want [ADDRESS]:PORT, as [2001:db8::1]:443 or [2001:db8::/32]:443")
	case i == 0:
		return "", "", errors.New("it has no host; " + wantEntry + ", or *:443 for every host")
	}
	return s[:i], s[i+1:], nil
}

const wantPorts = "want a port from 1 to 65535, two with - between them, or *, as 6379, 8000-8100"

func parsePorts(s string) (first, last uint16, err error) {
	if s == "*" {
		return 0, 65535, nil
	}
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	first, ok := parsePort(a)
	last, ok2 := parsePort(b)
	switch {
	case !ok || !ok2 || first == 0:
		return 0, 0, fmt.Errorf("%q is no port; %s", s, wantPorts)
	case first > last:
		return 0, 0, fmt.Errorf("the ports %s end before they begin; %s", s, wantPorts)
	}
	return first, last, nil
}

// parsePort parses a number from 0 to 65535 that has nothing but digits.
func parsePort(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}

func portsText(first, last uint16) string {
	switch {
	case first == 0:
		return "*"
	case first == last:
		return strconv.Itoa(int(first))
	}
	return fmt.Sprintf("%d-%d", first, last)
}

func (e *Entry) parseHost(host string) error {
	if host == "*" {
		e.kind = anyHost
		return nil
	}
	if suffix, ok := strings.CutPrefix(host, "*."); ok {
		e.kind, e.name = below, "."+Name(suffix)
		return checkName(suffix)
	}
	if strings.Contains(host, "/") {
		e.kind = prefix
		return e.parsePrefix(host)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		e.kind, e.zone = prefix, a.Zone()
		a = a.Unmap().WithZone("")
		e.prefix = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	e.kind, e.name = exact, Name(host)
	return checkName(host)
}

func (e *Entry) parsePrefix(host string) error {
	p, err := netip.ParsePrefix(host)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no network; want ADDRESS/BITS, as 10.0.0.0/8", host)
	case p.Addr().Is4In6():
		return fmt.Errorf("%s is a network of IPv4 addresses; write it as one, as 10.0.0.0/8", p)
	case p != p.Masked():
		return fmt.Errorf("the address of %s has more bits than the network; want %s, or %s alone", p, p.Masked(), p.Addr())
	}
	e.prefix = p
	return nil
}

func (e *Entry) hostText() string {
	switch e.kind {
	case exact:
		return e.name
	case below:
		return "*" + e.name
	case prefix:
		s := e.prefix.String()
		if e.prefix.IsSingleIP() {
			s = e.prefix.Addr().WithZone(e.zone).String()
		}
		if e.prefix.Addr().Is6() {
			s = "[" + s + "]"
		}
		return s
	}
	return "*"
}

// IsName reports whether an entry can have s as the name of a host.
func IsName(s string) bool { return checkName(s) == nil }

// checkName finds what cannot be the name of a host, which would be an entry that never applies.
func checkName(s string) error {
	s = strings.TrimSuffix(s, ".")
	if len(s) == 0 || len(s) > 253 {
		return fmt.Errorf("a name of %d bytes is none; %s", len(s), wantEntry)
	}
	digits := false
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return fmt.Errorf("%q is no name: a part of it has %d bytes; %s", s, len(label), wantEntry)
		}
		digits = true
		for _, c := range label {
			switch {
			case c >= '0' && c <= '9':
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_':
				digits = false
			case c == '*':
				return fmt.Errorf("%q: * stands for a host, or for the first part of its name; want *:443 or *.example.com:443", s)
			case c > 0x7f:
				return fmt.Errorf("%q has letters that names on the network do not have; want its form in ASCII, as xn--bcher-kva.example:443", s)
			default:
				return fmt.Errorf("%q has a %q, which names do not have; %s", s, c, wantEntry)
			}
		}
	}
	if digits {
		return fmt.Errorf("%q is neither a name nor an address; %s", s, wantEntry)
	}
	return nil
}
