package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

//go:embed expected.txt
var expected string

// errUnexpected is a run whose result is another than the one that expected.txt has.
var errUnexpected = errors.New("the result is not as expected")

// parseExpected returns the reasons for failures by package and test.
func parseExpected(text string) (map[string]map[string]string, error) {
	want := map[string]map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.SplitN(line, " ", 3)
		if len(fields) < 3 {
			return nil, fmt.Errorf("expected.txt: %q is not a package, a test and a reason", line)
		}
		if want[fields[0]] == nil {
			want[fields[0]] = map[string]string{}
		}
		want[fields[0]][fields[1]] = fields[2]
	}
	return want, nil
}

// result is how a package's tests ended. Tests within tests count with the one that they are in.
type result struct {
	passed, skipped int
	failed          map[string]string // to what they printed
	ended           bool              // all tests ran: the program did not crash
	output          string            // of no test, for when it did not
}

// merge has those of the tests that failed count as passed that passed when they were run again.
func (r *result) merge(again *result, names []string) {
	if again == nil || !again.ended || again.passed+len(again.failed) != len(names) {
		return
	}
	for _, name := range names {
		if _, still := again.failed[name]; !still {
			delete(r.failed, name)
			r.passed++
		}
	}
}

// event is one of go test -json; see cmd/test2json.
type event struct{ Action, Package, Test, Output string }

// collect reads the events of go test -json.
func collect(r io.Reader) (map[string]*result, error) {
	results := map[string]*result{}
	output := map[[2]string]*strings.Builder{}
	for dec := json.NewDecoder(r); ; {
		var e event
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("output of go test -json: %w", err)
		}
		if e.Package == "" {
			continue // of a build, which go test reports too
		}
		res := results[e.Package]
		if res == nil {
			res = &result{failed: map[string]string{}}
			results[e.Package] = res
		}
		top, _, nested := strings.Cut(e.Test, "/")
		key := [2]string{e.Package, top}
		if output[key] == nil {
			output[key] = new(strings.Builder)
		}
		switch {
		case e.Action == "output":
			output[key].WriteString(e.Output)
		case nested:
		case e.Test == "" && (e.Action == "pass" || e.Action == "fail"):
			res.output = output[key].String()
			// A program that crashes does not come to say that tests failed; the go command says it of the package.
			res.ended = e.Action == "pass" || slices.Contains(strings.Split(res.output, "\n"), "FAIL")
		case e.Action == "pass":
			res.passed++
		case e.Action == "skip":
			res.skipped++
		case e.Action == "fail":
			res.failed[e.Test] = output[key].String()
		}
	}
	return results, nil
}

// report prints the counts of packages. It fails with errUnexpected if other tests failed than those that were to.
func report(w io.Writer, packages []string, results map[string]*result, want map[string]map[string]string) error {
	var unexpected bool
	var counts strings.Builder
	for _, pkg := range packages {
		res := results[pkg]
		if res == nil {
			return fmt.Errorf("go test said nothing of package %s", pkg)
		}
		for _, name := range slices.Sorted(maps.Keys(res.failed)) {
			if reason, ok := want[pkg][name]; ok {
				fmt.Fprintf(w, "%s: %s failed as expected: %s\n", pkg, name, reason)
				continue
			}
			unexpected = true
			fmt.Fprintf(w, "%s: %s failed:\n%s\n", pkg, name, strings.TrimRight(res.failed[name], "\n"))
		}
		for _, name := range slices.Sorted(maps.Keys(want[pkg])) {
			if _, ok := res.failed[name]; !ok && res.ended {
				unexpected = true
				fmt.Fprintf(w, "%s: %s did not fail; take it from expected.txt\n", pkg, name)
			}
		}
		if !res.ended || res.passed == 0 {
			unexpected = true
			fmt.Fprintf(w, "%s: the tests did not come to their end:\n%s\n", pkg, strings.TrimRight(res.output, "\n"))
		}
		ran := res.passed + len(res.failed)
		fmt.Fprintf(&counts, "%s: %d of %d tests passed in a guest, %d were skipped by themselves\n", pkg, res.passed, ran, res.skipped)
	}
	fmt.Fprint(w, counts.String())
	if unexpected {
		return errUnexpected
	}
	return nil
}
