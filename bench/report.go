package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"text/tabwriter"
)

// Results is results.json.
type Results struct {
	// Environment has what a figure depends on, beside the machine.
	Environment map[string]string `json:"environment"`
	// Sections are those that were measured, each in one run, and the days of that.
	Sections map[string]string `json:"sections"`
	// Figures are sorted by name.
	Figures []Figure `json:"figures"`
	// Ratios are quotients of medians.
	Ratios map[string]float64 `json:"ratios"`
}

// environment describes a run.
func environment(quick bool) map[string]string {
	env := map[string]string{
		"go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
		"gomaxprocs": strconv.Itoa(runtime.GOMAXPROCS(0)), "cpus": strconv.Itoa(runtime.NumCPU()),
		"mode": "full",
	}
	if quick {
		env["mode"] = "quick"
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		names := map[string]string{
			"google.golang.org/grpc": "grpc-go", "github.com/tetratelabs/wazero": "wazero",
			"github.com/fullstorydev/grpchan": "grpchan", "github.com/knqyf263/go-plugin": "go-plugin",
		}
		for _, dep := range info.Deps {
			if name := names[dep.Path]; name != "" {
				env[name] = dep.Version
			}
		}
	}
	return env
}

// goesWith says why sections of one run cannot stand beside those of another.
func (r *Results) goesWith(before *Results) error {
	for _, name := range slices.Sorted(maps.Keys(r.Environment)) {
		if is, was := r.Environment[name], before.Environment[name]; is != was {
			return fmt.Errorf("-merge: %s is %q, and was %q in results.json: measure all sections", name, is, was)
		}
	}
	return nil
}

// merge adds what an earlier run measured, where this one did not.
func (r *Results) merge(before *Results) {
	for _, f := range before.Figures {
		if _, ok := r.figure(f.Name); !ok {
			r.Figures = append(r.Figures, f)
		}
	}
	r.Environment = mergeMaps(before.Environment, r.Environment)
	r.Sections = mergeMaps(before.Sections, r.Sections)
}

func mergeMaps(a, b map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// finish sorts figures and computes ratios.
func (r *Results) finish() {
	slices.SortFunc(r.Figures, func(a, b Figure) int { return compareNames(a.Name, b.Name) })
	r.Ratios = ratios(r.Figures)
}

// compareNames sorts numbers within names by value.
func compareNames(a, b string) int {
	for a != "" && b != "" {
		na, ra := leadingNumber(a)
		nb, rb := leadingNumber(b)
		switch {
		case na >= 0 && nb >= 0:
			if na != nb {
				return na - nb
			}
			a, b = ra, rb
		case a[0] != b[0]:
			return int(a[0]) - int(b[0])
		default:
			a, b = a[1:], b[1:]
		}
	}
	return len(a) - len(b)
}

// leadingNumber splits s after its leading digits; a suffix k multiplies. The number is -1 if there are no digits.
func leadingNumber(s string) (n int, rest string) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i == 0 {
		return -1, s
	}
	if i < len(s) && s[i] == 'k' {
		return n * 1024, s[i+1:]
	}
	return n, s[i:]
}

// encode returns results.json.
func (r *Results) encode() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

// readResults reads results.json from the folder of results.
func readResults(out string) (*Results, error) {
	path := filepath.Join(out, "results.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(Results)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// figure finds a figure by name.
func (r *Results) figure(name string) (Figure, bool) { return find(r.Figures, name) }

func find(figures []Figure, name string) (Figure, bool) {
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == name })
	if i < 0 {
		return Figure{}, false
	}
	return figures[i], true
}

// print lists ratios, and figures if asked to.
func (r *Results) print(w io.Writer, figures bool) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if figures {
		for _, f := range r.Figures {
			fmt.Fprintf(tw, "%s\t%s %s\tp99 %s\tn %d\n", f.Name, decimal(f.Median), f.Unit, decimal(f.P99), f.N)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Ratios)) {
		fmt.Fprintf(tw, "%s\t%v\n", name, r.Ratios[name])
	}
	return tw.Flush()
}

// decimal writes a number without an exponent.
func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
