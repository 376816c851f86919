package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/format"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
)

// fixed returns what files are like with the first fix of each finding, and the
// findings without one. A fix that overlaps with an earlier one is left for
// another time.
func fixed(found []finding) (files map[string]change, rest []finding, err error) {
	edits := make(map[string][]edit)
	for _, f := range found {
		if len(f.Fixes) == 0 || !add(edits, f.Fixes[0].Edits) {
			rest = append(rest, f)
		}
	}
	files = make(map[string]change)
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		before, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		after, err := apply(before, edits[name])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: fixes: %w", name, err)
		}
		files[name] = change{before, after}
	}
	return files, rest, nil
}

// A change is a file before and after fixes.
type change struct{ before, after []byte }

// add adds the edits of a fix, unless one overlaps with another. What several
// fixes do alike is done once.
func add(edits map[string][]edit, fix []edit) bool {
	var others []edit
	for _, e := range fix {
		same := func(o edit) bool { return o.Start == e.Start && o.End == e.End && bytes.Equal(o.Text, e.Text) }
		if slices.ContainsFunc(edits[e.File], same) {
			continue
		}
		if slices.ContainsFunc(edits[e.File], func(o edit) bool { return e.Start < o.End && o.Start < e.End || e.Start == o.Start }) {
			return false
		}
		others = append(others, e)
	}
	for _, e := range others {
		edits[e.File] = append(edits[e.File], e)
	}
	return true
}

// apply returns src with edits that do not overlap, formatted if it was.
func apply(src []byte, edits []edit) ([]byte, error) {
	edits = slices.SortedFunc(slices.Values(edits), func(a, b edit) int { return cmp.Compare(a.Start, b.Start) })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, src[at:e.Start]...), e.Text...)
		at = e.End
	}
	out = append(out, src[at:]...)
	formatted, err := format.Source(out)
	if err != nil {
		return nil, err
	}
	if was, err := format.Source(src); err == nil && bytes.Equal(was, src) {
		return formatted, nil
	}
	return out, nil
}

// applyFixes changes files, and returns the findings that remain.
func applyFixes(found []finding) ([]finding, error) {
	files, rest, err := fixed(found)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(name, files[name].after, info.Mode().Perm()); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// printDiff prints what applyFixes would change.
func (s *settings) printDiff(w io.Writer, fail func(error) int, found []finding, names names) int {
	files, _, err := fixed(found)
	if err != nil {
		return fail(err)
	}
	code := exitClean
	for _, name := range slices.Sorted(maps.Keys(files)) {
		label := filepath.ToSlash(names.file(name))
		if d := diff.Diff(label, files[name].before, label, files[name].after); len(d) > 0 {
			if _, err := w.Write(d); err != nil {
				return fail(err)
			}
			code = exitFindings
		}
	}
	return code
}
