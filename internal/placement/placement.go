// Package placement is where functions run, as generation and hosts have it from their flags.
package placement

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Place is where a function runs.
type Place string

const (
	// Wasm is a guest in the host's own process: what starts and is called at the least cost, and computes several times slower than native
	// code.
	Wasm Place = "wasm"
	// Native is a process of its own, joined to the host by shared memory.
	Native Place = "native"
	// Remote is wherever the function's callers dial: it is no part of the host.
	Remote Place = "remote"
)

// All are the places, the default first.
var All = []Place{Wasm, Native, Remote}

// Entry is one value of the flag -place.
type Entry struct {
	// Function is its name, empty if the value has none.
	Function string
	// Places are those that the function is built for, the first being where it runs unless the operator says otherwise.
	Places []Place
}

// Parse reads FUNCTION=PLACE, or PLACE alone, where several places have commas between them.
func Parse(text string) (Entry, error) {
	function, places, ok := strings.Cut(text, "=")
	if !ok {
		function, places = "", text
	} else if function == "" {
		return Entry{}, fmt.Errorf("%q names no function: want FUNCTION=PLACE", text)
	}
	e := Entry{Function: function}
	for name := range strings.SplitSeq(places, ",") {
		p := Place(name)
		switch {
		case !slices.Contains(All, p):
			return Entry{}, fmt.Errorf("%q is no place for a function: want wasm, native or remote", name)
		case slices.Contains(e.Places, p):
			return Entry{}, fmt.Errorf("%q has %s twice", text, p)
		}
		e.Places = append(e.Places, p)
	}
	if len(e.Places) > 1 && slices.Contains(e.Places, Remote) {
		return Entry{}, errors.New("a function that is remote is not built for another place: want remote alone")
	}
	return e, nil
}

// String is the entry as Parse reads it.
func (e Entry) String() string {
	names := make([]string, len(e.Places))
	for i, p := range e.Places {
		names[i] = string(p)
	}
	s := strings.Join(names, ",")
	if e.Function != "" {
		s = e.Function + "=" + s
	}
	return s
}

// Stated is what has been said of where functions run, by their names. The zero value says nothing, so that all run as guests.
type Stated struct {
	// Command is what a command line says, which wins.
	Command map[string][]Place
	// Hosts is what the lines of functions say of others in the hosts of which they are the roots, by root.
	Hosts map[string]map[string][]Place
	// Own is what the lines of functions say of themselves.
	Own map[string][]Place
}

var inGuest = []Place{Wasm}

// In returns where a function runs in the host of a root, or, if that is empty, in hosts of which the root says nothing of it.
func (s *Stated) In(root, function string) []Place {
	for _, list := range []map[string][]Place{s.Command, s.Hosts[root], s.Own} {
		if places := list[function]; places != nil {
			return places
		}
	}
	return inGuest
}

// Add adds what the line of a function says.
func (s *Stated) Add(function string, entries []Entry) {
	if s.Own == nil {
		s.Own, s.Hosts = map[string][]Place{}, map[string]map[string][]Place{}
	}
	host := map[string][]Place{}
	for _, e := range entries {
		if e.Function == function {
			s.Own[function] = e.Places
		} else {
			host[e.Function] = e.Places
		}
	}
	s.Hosts[function] = host
}
