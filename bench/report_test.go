package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNewFigure(t *testing.T) {
	hundred := make([]float64, 101)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	tests := []struct {
		name        string
		samples     []float64
		median, p99 float64
	}{
		{"one", []float64{7}, 7, 7},
		{"even", []float64{4, 1, 3, 2}, 2.5, 3.97},
		{"odd", []float64{9, 1, 5}, 5, 8.92},
		{"many, descending", hundred, 50, 99},
		{"digits", []float64{1.23456789}, 1.235, 1.235},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.samples)
			got := newFigure("x", "ns", tt.samples)
			if want := (Figure{"x", "ns", tt.median, tt.p99, len(tt.samples)}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if !slices.Equal(before, tt.samples) {
				t.Error("the samples were reordered")
			}
		})
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestRound(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 123456: 123456, 1234.56: 1235, 0.00123456: 0.001235, -9.99999: -10, 99999.5: 100000} {
		if got := round(x); got != want {
			t.Errorf("round(%v) = %v, want %v", x, got, want)
		}
	}
}

// quickFigures are what a quick run measures, with made-up medians.
func quickFigures() []Figure {
	var figures []Figure
	median := 1.0
	add := func(name, unit string) {
		figures = append(figures, Figure{Name: name, Unit: unit, Median: median, P99: 2 * median, N: 3})
		median *= 1.1
	}
	for _, size := range callSizes {
		for _, peer := range []string{"cofaas", "copy", "inproc", "goplugin", "bufconn", "unix", "tcp"} {
			add("call_"+sizeName(size)+"_"+peer, "ns")
		}
	}
	for _, n := range []int{1, 20} {
		for _, size := range []int{1 << 10, 512 << 10} {
			for _, perCall := range []bool{false, true} {
				for _, app := range apps {
					add("rtt_"+work{size: size, repeats: n, dialPerCall: perCall}.name()+"_"+app, "us")
				}
			}
		}
	}
	for _, app := range apps {
		add("throughput_n1_c32_"+app, "requests/s")
		add("throughput_n20_c32_"+app, "requests/s")
	}
	return figures
}

func TestRatios(t *testing.T) {
	got := ratios(quickFigures())
	for _, name := range []string{
		"call_1k_tcp_over_ours", "call_1k_inproc_over_ours", "call_512k_ours_over_copy", "rtt_n20_1k_tcp_over_ours",
		"rtt_n1_1k_tcp_over_ours", "rtt_n20_1k_dial_tcp_over_ours", "throughput_ours_over_tcp",
	} {
		if got[name] <= 0 {
			t.Errorf("no ratio %s", name)
		}
	}
	got = ratios([]Figure{
		{Name: "call_1k_tcp", Median: 60}, {Name: "call_1k_cofaas", Median: 2}, {Name: "call_1k_inproc", Median: 0},
		{Name: "call_512k_cofaas", Median: 9}, {Name: "call_512k_copy", Median: 0},
		{Name: "throughput_n1_c32_tcp", Median: 10}, {Name: "throughput_n1_c32_cofaas", Median: 15},
	})
	want := map[string]float64{"call_1k_tcp_over_ours": 30, "call_1k_inproc_over_ours": 0, "throughput_ours_over_tcp": 1.5}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for name, ratio := range want {
		if got[name] != ratio {
			t.Errorf("%s = %v, want %v", name, got[name], ratio)
		}
	}
}

func TestRatioNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range ratioTable() {
		if seen[r.name] {
			t.Errorf("%s is there twice", r.name)
		}
		seen[r.name] = true
	}
}

func TestResults(t *testing.T) {
	r := &Results{Environment: environment(true), Figures: quickFigures()}
	r.finish()
	var names []string
	for _, f := range r.Figures {
		names = append(names, f.Name)
	}
	for _, order := range [][]string{
		{"call_1b_tcp", "call_16b_tcp", "call_256b_tcp", "call_1k_tcp", "call_512k_cofaas"},
		{"call_512k_unix", "rtt_n1_1k_cofaas", "rtt_n20_1k_cofaas", "throughput_n1_c32_tcp", "throughput_n20_c32_tcp"},
	} {
		at := -1
		for _, name := range order {
			i := slices.Index(names, name)
			if i <= at {
				t.Errorf("%s is at %d, after %d", name, i, at)
			}
			at = i
		}
	}
	first, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(r.Figures)
	r.finish()
	second, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the order of measuring shows in the file")
	}
	var back Results
	if err := json.Unmarshal(first, &back); err != nil || len(back.Figures) != len(r.Figures) || len(back.Ratios) != len(r.Ratios) {
		t.Errorf("read back %d figures, %d ratios, %v", len(back.Figures), len(back.Ratios), err)
	}
}

func TestReadme(t *testing.T) {
	dir := t.TempDir()
	r := &Results{Environment: environment(false), Figures: []Figure{
		{"call_1k_tcp", "ns", 65000, 80000, 9}, {"call_1k_cofaas", "ns", 1000, 1200, 9},
		{"throughput_n1_c32_tcp", "requests/s", 8000, 8000, 3}, {"throughput_n1_c32_cofaas", "requests/s", 12000, 12000, 3},
		{"guest_size_producer", "bytes", 9485964, 9485964, 1},
	}}
	r.finish()
	data, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "README.md")
	old := "# Title\n\n" + readmeBegin + "\nold\n" + readmeEnd + "\n\nmore\n"
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "results.json"), data, 0o644), os.WriteFile(file, []byte(old), 0o644)); err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if code := run([]string{"-readme", "-out", dir}, &printed, io.Discard); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for range 2 { // the second time changes nothing
		if code := run([]string{"-readme", "-out", dir, "-w", file}, io.Discard, io.Discard); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(old, "old\n", printed.String(), 1); string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	for _, want := range []string{
		"| 1 KB | 65 µs |  |  |  |  | 1 µs |  | 65x |",
		"| 1 × 1 KB, 32 clients | 8000 |  | 12000 | 1.5x |",
		"| producer's guest | 9.49 MB |",
	} {
		if !strings.Contains(printed.String(), want+"\n") {
			t.Errorf("no line %q in\n%s", want, printed.String())
		}
	}
	if strings.Contains(printed.String(), "512 KB") {
		t.Errorf("has rows without figures:\n%s", printed.String())
	}
}

func TestReplaceBetween_Errors(t *testing.T) {
	for _, content := range []string{
		"", readmeBegin, readmeEnd + readmeBegin,
		readmeBegin + readmeEnd + readmeBegin + readmeEnd,
	} {
		if got, err := replaceBetween([]byte(content), "x"); err == nil {
			t.Errorf("%q: no error, but %q", content, got)
		}
	}
}

func TestCell(t *testing.T) {
	for want, f := range map[string]Figure{
		"1.38 ns": {Unit: "ns", Median: 1.382}, "1 µs": {Unit: "ns", Median: 999.6}, "1.72 ms": {Unit: "us", Median: 1716},
		"12.2 s": {Unit: "ms", Median: 12200}, "10360": {Unit: "requests/s", Median: 10360}, "2.5 GB": {Unit: "bytes", Median: 2.5e9},
	} {
		if got := cell(f, true); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPlots(t *testing.T) {
	for name, figures := range map[string][]Figure{"quick": quickFigures(), "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			r := &Results{Figures: figures}
			files, err := plots(r)
			if err != nil {
				t.Fatal(err)
			}
			again, err := plots(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"call.svg", "roundtrip.svg"} {
				if err := wellFormed(files[file]); err != nil {
					t.Errorf("%s: %v", file, err)
				}
				if !bytes.Equal(files[file], again[file]) {
					t.Errorf("%s differs when drawn again", file)
				}
				if len(figures) > 0 && !bytes.Contains(files[file], []byte(">cofaas<")) {
					t.Errorf("%s has no legend", file)
				}
			}
		})
	}
}

func wellFormed(svg []byte) error {
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
