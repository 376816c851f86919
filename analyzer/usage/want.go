package usage

import (
	"net"
	"path"
	"strings"

	"github.com/cofaas/cofaas/analyzer/internal/drivers"
)

// A Want is something that a guest has only if the operator of the host allows
// it or gives it.
type Want struct {
	Kind NeedKind
	What string // what is called, as in "redis.NewClient"
	// Network is that of a DialNeed or a ListenNeed, as package net has it.
	Network string
	// Address is host:port, a name, the path of a socket or file, or the name of a
	// variable. If nothing is known of it, it says where it comes from.
	Address Value
	// NoPort says that the address has no port, and needs one.
	NoPort bool
	// Via is where What is called if that is in a function that is called at the
	// position of the need, or "".
	Via  string
	Note string // what else there is to know, or ""
}

// A NeedKind says what a Want is about.
type NeedKind = drivers.Kind

const (
	DialNeed   = drivers.Dial   // connects, or sends datagrams
	LookupNeed = drivers.Lookup // looks a name up
	ListenNeed = drivers.Listen // listens for what is not gRPC, or is bound to a port
	ReadNeed   = drivers.Read   // reads a file or a folder
	EnvNeed    = drivers.Env    // reads an environment variable
)

// Usual returns the address if it is known, or what it is by default, or "".
func (w *Want) Usual() string {
	if w.Address.Known {
		return w.Address.Const
	}
	return w.Address.Default
}

// String says what is wanted, for use in a sentence or a list.
func (w *Want) String() string {
	address := w.Address.String()
	if w.Address.Default != "" {
		address = w.Address.Default + " (default of " + w.Address.Source + ")"
	}
	switch w.Kind {
	case LookupNeed:
		return "look-up of " + address
	case ListenNeed:
		return w.Network + " port " + address
	case ReadNeed:
		return "file " + address
	case EnvNeed:
		return "environment variable " + address
	}
	return w.Network + " " + address
}

// Explain says in one sentence what is wanted, and how a function gets it.
func (w *Want) Explain(function string) string {
	s := w.String()
	if w.Via != "" {
		s += ", " + w.Via
	}
	if w.Note != "" {
		s += "; " + w.Note
	}
	if flag, _ := w.Flag(function); flag != "" {
		s += ": start the host with " + flag
	}
	return s
}

// Flag returns the flag of a host that gives a function what it wants, or "" if
// there is none, and whether the operator has nothing to fill in: what is in
// capital letters. The flags are those of package host.
func (w *Want) Flag(function string) (flag string, complete bool) {
	usual := w.Usual()
	switch w.Kind {
	case DialNeed:
		entry, complete := w.entry(usual)
		return "-allow " + function + "=" + entry, complete
	case LookupNeed:
		if usual == "" {
			usual = "NAME"
		}
		return "-allow " + function + "=" + usual + ":PORT", false
	case ListenNeed:
		port, complete := w.port(usual)
		if port == "" {
			return "", false
		}
		return "-listen " + function + ":" + port, complete
	case ReadNeed:
		switch {
		case usual == "":
			return "-mount " + function + ":PATH=HOSTPATH", false
		case !path.IsAbs(usual):
			return "-mount " + function + ":PATH=" + usual, false
		}
		return "-mount " + function + ":" + usual + "=" + usual, true
	case EnvNeed:
		if usual == "" {
			return "-env " + function + ":NAME", false
		}
		return "-env " + function + ":" + usual, true
	}
	return "", false
}

// entry returns the entry of an allow-list for the address of a DialNeed.
func (w *Want) entry(usual string) (entry string, complete bool) {
	if strings.HasPrefix(w.Network, "unix") {
		if usual == "" {
			return "unix:PATH", false
		}
		return "unix:" + usual, true
	}
	complete = true
	switch {
	case usual == "":
		usual, complete = "HOST:PORT", false
	case w.NoPort:
		usual, complete = usual+":PORT", false
	case strings.HasPrefix(usual, ":"):
		usual = "localhost" + usual
	}
	if strings.HasPrefix(w.Network, "udp") {
		usual = "udp:" + usual
	}
	return usual, complete
}

// port returns what a flag names the port of a ListenNeed by, or "" if it is any
// that is free, to which nobody connects.
func (w *Want) port(usual string) (port string, complete bool) {
	if strings.HasPrefix(w.Network, "unix") {
		if usual == "" {
			usual = "PATH"
		}
		return "unix:" + usual + "=ADDRESS", false
	}
	prefix := ""
	if strings.HasPrefix(w.Network, "udp") {
		prefix = "udp:"
	}
	if usual == "" {
		return prefix + "PORT", false
	}
	_, port, err := net.SplitHostPort(usual)
	if err != nil || port == "" || port == "0" {
		return "", false
	}
	return prefix + port, true
}

// DialWant returns what is wanted where the real gRPC dials.
func DialWant(d *Dial) Want {
	w := Want{Kind: DialNeed, What: "grpc.NewClient", Network: "tcp", Address: d.Target}
	if d.Pkg != "" {
		_, w.Via, _ = strings.Cut(d.Reason, ", dialled ")
	}
	target := func(s string) string {
		if _, rest, ok := strings.Cut(s, ":///"); ok {
			return rest
		}
		if rest, ok := strings.CutPrefix(s, "unix:"); ok {
			w.Network = "unix"
			return strings.TrimPrefix(rest, "//")
		}
		return s
	}
	w.Address.Const, w.Address.Default = target(w.Address.Const), target(w.Address.Default)
	return w
}
