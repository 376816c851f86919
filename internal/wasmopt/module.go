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

const (
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
)

var magic = []byte("\x00asm\x01\x00\x00\x00")

// Module returns an equivalent of a valid module. What does not look like the work of the Go compiler and linker is left as it
// is. The module given is not changed; the result may share memory with it.
func Module(wasm []byte) ([]byte, Stats, error) {
	var stats Stats
	if !bytes.HasPrefix(wasm, magic) {
		return nil, stats, errors.New("wasmopt: not a WebAssembly module")
	}
	r := &reader{b: wasm, at: len(magic)}
	out := append(make([]byte, 0, len(wasm)+len(wasm)/8), magic...)
	counted := false // code refers to data segments by their numbers
	for r.more() {
		start := r.at
		id := r.byte()
		section := r.bytes(r.u32())
		if r.err != nil {
			break
		}
		var changed []byte
		switch {
		case id == sectionCode:
			if changed = codeSection(section, &stats); changed == nil {
				return nil, stats, errTruncated
			}
		case id == sectionDataCount:
			counted = true
		case id == sectionData && !counted:
			changed = dataSection(section, &stats)
		}
		if changed == nil {
			out = append(out, wasm[start:r.at]...)
			continue
		}
		out = append(out, id)
		out = appendU32(out, uint32(len(changed)))
		out = append(out, changed...)
	}
	return out, stats, r.err
}

// codeSection returns the code section with each function rewritten, or nil if it is malformed.
func codeSection(section []byte, stats *Stats) []byte {
	r := &reader{b: section}
	n := r.u32()
	out := appendU32(make([]byte, 0, len(section)), n)
	var f function
	for ; n > 0; n-- {
		body := r.bytes(r.u32())
		if r.err != nil {
			return nil
		}
		stats.Functions++
		if changed := f.rewrite(body, stats); changed != nil {
			stats.Changed++
			body = changed
		}
		out = appendU32(out, uint32(len(body)))
		out = append(out, body...)
	}
	if r.err != nil {
		return nil
	}
	return out
}
