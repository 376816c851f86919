package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	const passing = `{"Action":"run","Package":"net","Test":"TestA"}
{"Action":"output","Package":"net","Test":"TestA/sub","Output":"detail\n"}
{"Action":"pass","Package":"net","Test":"TestA/sub"}
{"Action":"pass","Package":"net","Test":"TestA"}
{"Action":"skip","Package":"net","Test":"TestB"}
`
	const failing = `{"Action":"output","Package":"net","Test":"TestC","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"net","Test":"TestC/sub"}
{"Action":"fail","Package":"net","Test":"TestC"}
{"Action":"output","Package":"net","Output":"FAIL\n"}
{"Action":"output","Package":"net","Output":"FAIL\tnet\t1.234s\n"}
{"Action":"fail","Package":"net"}
`
	const passed = `{"Action":"output","Package":"net","Output":"PASS\n"}
{"Action":"pass","Package":"net"}
`
	tests := []struct {
		name, events, expected, want string
		unexpected                   bool
	}{
		{
			name: "passed", events: passing + passed,
			want: "net: 1 of 1 tests passed in a guest, 1 were skipped by themselves\n",
		},
		{
			name: "failed", events: passing + failing, unexpected: true,
			want: "net: TestC failed:\ngot 1, want 2\nnet: 1 of 2 tests passed in a guest, 1 were skipped by themselves\n",
		},
		{
			name: "failed as expected", events: passing + failing, expected: "net TestC some reason\n",
			want: "net: TestC failed as expected: some reason\nnet: 1 of 2 tests passed in a guest, 1 were skipped by themselves\n",
		},
		{
			name: "did not fail", events: passing + passed, expected: "# comment\n\nnet TestA some reason\n", unexpected: true,
			want: "net: TestA did not fail; take it from expected.txt\nnet: 1 of 1 tests passed in a guest, 1 were skipped by themselves\n",
		},
		{
			name: "crashed", unexpected: true,
			events: passing + `{"Action":"output","Package":"net","Output":"FAIL\tnet\t1s\n"}` + "\n" + `{"Action":"fail","Package":"net"}` + "\n",
			want: "net: the tests did not come to their end:\nFAIL\tnet\t1s\n" +
				"net: 1 of 1 tests passed in a guest, 1 were skipped by themselves\n",
		},
		{
			name: "nothing ran", unexpected: true, events: passed,
			want: "net: the tests did not come to their end:\nPASS\nnet: 0 of 0 tests passed in a guest, 0 were skipped by themselves\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := parseExpected(tt.expected)
			if err != nil {
				t.Fatal(err)
			}
			results, err := collect(strings.NewReader(tt.events))
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err = report(&out, []string{"net"}, results, want)
			if got := errors.Is(err, errUnexpected); got != tt.unexpected || err != nil && !got {
				t.Errorf("report: %v", err)
			}
			if out.String() != tt.want {
				t.Errorf("got:\n%swant:\n%s", out.String(), tt.want)
			}
		})
	}
}

// TestMerge checks what counts of tests that were run again.
func TestMerge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		again *result
		want  string
	}{
		{"one passes", &result{passed: 1, failed: map[string]string{"TestB": "again"}, ended: true}, "2 [TestB]"},
		{"none passes", &result{failed: map[string]string{"TestA": "", "TestB": ""}, ended: true}, "1 [TestA TestB]"},
		{"crashed", &result{passed: 2}, "1 [TestA TestB]"},
		{"one was skipped", &result{passed: 1, skipped: 1, ended: true}, "1 [TestA TestB]"},
		{"did not run", nil, "1 [TestA TestB]"},
	} {
		r := &result{passed: 1, failed: map[string]string{"TestA": "", "TestB": ""}, ended: true}
		r.merge(tt.again, []string{"TestA", "TestB"})
		if got := fmt.Sprint(r.passed, slices.Sorted(maps.Keys(r.failed))); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestReport_Errors(t *testing.T) {
	if _, err := collect(strings.NewReader("ok net 1s\n")); err == nil {
		t.Error("output that is no JSON is taken")
	}
	if err := report(new(strings.Builder), []string{"net"}, nil, nil); err == nil || errors.Is(err, errUnexpected) {
		t.Errorf("report of a package of which nothing is known: %v", err)
	}
	if _, err := parseExpected("net TestA\n"); err == nil {
		t.Error("an expected failure without a reason is taken")
	}
	if _, err := parseExpected(expected); err != nil {
		t.Error(err)
	}
}
