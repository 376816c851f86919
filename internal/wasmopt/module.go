package wasmopt

import (
	"bytes"
	"errors"
)

// Stats says what was changed.
type Stats struct {
	// Functions is how many functions there are, Changed how many were changed.
	Functions, Changed int
	// Jumps is how many jumps through a table there were, Direct how many of them no longer go through one.
	Jumps, Direct int
	// Segments is how many data segments there were, Joined how many there are now.
	Segments, Joined int
}

// The sections that matter here. (WebAssembly Core Specification, section 5.5.)
const (
	sectionType      = 1
	sectionImport    = 2
	sectionFunction  = 3
	sectionGlobal    = 6
	sectionExport    = 7
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
)

var magic = []byte("\x00asm\x01\x00\x00\x00")

type section struct {
	id      byte
	content []byte
	raw     []byte // with its head
}

// Module returns an equivalent of a valid module. What does not look like the work of the Go compiler and linker is left as it
// is. The module given is not changed; the result may share memory with it.
func Module(wasm []byte) ([]byte, Stats, error) {
	var stats Stats
	sections, err := split(wasm)
	if err != nil {
		return nil, stats, err
	}
	m, err := newMeter(sections)
	if err != nil {
		return nil, stats, err
	}
	out := append(make([]byte, 0, len(wasm)+len(wasm)/8), magic...)
	counted := false // code refers to data segments by their numbers
	for _, s := range sections {
		changed := m.section(s)
		switch {
		case s.id == sectionCode:
			if changed, err = codeSection(s.content, m, &stats); err != nil {
				return nil, stats, err
			}
		case s.id == sectionDataCount:
			counted = true
		case s.id == sectionData && !counted:
			changed = dataSection(s.content, &stats)
		}
		if changed == nil {
			out = append(out, s.raw...)
			continue
		}
		out = append(out, s.id)
		out = appendU32(out, uint32(len(changed)))
		out = append(out, changed...)
	}
	return out, stats, nil
}

func split(wasm []byte) (sections []section, err error) {
	if !bytes.HasPrefix(wasm, magic) {
		return nil, errors.New("wasmopt: not a WebAssembly module")
	}
	r := &reader{b: wasm, at: len(magic)}
	for r.more() {
		start := r.at
		s := section{id: r.byte()}
		s.content = r.bytes(r.u32())
		s.raw = wasm[start:r.at]
		sections = append(sections, s)
	}
	return sections, r.err
}

// codeSection returns the code section with each function rewritten.
func codeSection(section []byte, m *meter, stats *Stats) ([]byte, error) {
	r := &reader{b: section}
	n := r.u32()
	out := make([]byte, 0, len(section)+len(section)/8)
	f := function{meter: m}
	if m == nil {
		out = appendU32(out, n)
	} else {
		out = appendU32(out, n+1)
	}
	for i := range int(n) {
		body := r.bytes(r.u32())
		if r.err != nil {
			return nil, r.err
		}
		stats.Functions++
		f.number = i
		if changed := f.rewrite(body, stats); changed != nil {
			stats.Changed++
			body = changed
		}
		out = appendU32(out, uint32(len(body)))
		out = append(out, body...)
	}
	if m != nil {
		body := m.body()
		out = appendU32(out, uint32(len(body)))
		out = append(out, body...)
	}
	return out, r.err
}
