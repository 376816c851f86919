package main

import (
	"fmt"
	"testing"
)

func TestMerge(t *testing.T) {
	before := &Results{
		Environment: map[string]string{"go": "go1", "throughput_cpus": "2"},
		Sections:    map[string]string{"call": "2026-01-01", "compute": "2026-01-01"},
		Figures:     []Figure{{Name: "a", Median: 1}, {Name: "b", Median: 2}},
	}
	r := &Results{
		Environment: map[string]string{"go": "go1"},
		Sections:    map[string]string{"compute": "2026-02-02"},
		Figures:     []Figure{{Name: "b", Median: 3}, {Name: "c", Median: 4}},
	}
	if err := r.goesWith(before); err != nil {
		t.Fatal(err)
	}
	r.merge(before)
	r.finish()
	want := "map[go:go1 throughput_cpus:2] map[call:2026-01-01 compute:2026-02-02] [{a  1 0 0} {b  3 0 0} {c  4 0 0}]"
	if got := fmt.Sprint(r.Environment, r.Sections, r.Figures); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.Environment["go"] = "go2"
	if err := r.goesWith(before); err == nil || err.Error() != `-merge: go is "go2", and was "go1" in results.json: measure all sections` {
		t.Errorf("of another release: %v", err)
	}
}
