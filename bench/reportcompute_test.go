package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/bench/compute/kernels"
	"github.com/cofaas/cofaas/internal/advise"
)

// placementFigures are what the sections about placement measure, with made-up medians: native calls take a tenth of TCP's time, and guests
// compute five times slower.
func placementFigures() []Figure {
	var figures []Figure
	add := func(name, unit string, median float64) {
		figures = append(figures, Figure{Name: name, Unit: unit, Median: median, P99: 2 * median, N: 3})
	}
	for _, k := range kernels.Names {
		for _, target := range computeTargets {
			name, ns := k+"_"+targetName(target), float64(target)
			add("compute_"+name+"_plain", "ns", ns)
			for setup, times := range map[string]float64{"tcp": 1, "native": 1.02, "mixed": 1.02, "wasm": 5} {
				add("compute_"+name+"_"+setup, "ns", times*ns)
				add("request_"+name+"_"+setup, "ns", times*ns+10_000)
			}
		}
	}
	for _, j := range isolateJobs {
		for _, setup := range isolateSetups {
			times := 1.0
			if setup != "tcp" {
				times = 0.1
			}
			if j.callers == 1 && !j.stream {
				add("isolate_call_"+j.name+"_"+setup, "ns", 100_000*times)
				add("isolate_p99_"+j.name+"_"+setup, "ns", 200_000*times)
				add("isolate_cpu_"+j.name+"_"+setup, "ns", 150_000*times)
				continue
			}
			add("isolate_throughput_"+j.name+"_"+setup, "calls/s", 10_000/times)
			add("isolate_throughput_cpu_"+j.name+"_"+setup, "ns", 80_000*times)
		}
	}
	return figures
}

func TestRatios_placement(t *testing.T) {
	got := ratios(placementFigures())
	for name, want := range map[string]float64{
		"call_1k_tcp_over_native": 10, "call_1k_tcp_over_native_sleeping": 10, "call_512k_tcp_over_native": 10,
		"p99_1k_native_over_tcp": 0.1, "p99_1k_native_sleeping_over_tcp": 0.1, "cpu_1k_native_over_tcp": 0.1,
		"throughput_native_over_tcp": 10, "throughput_512k_native_over_tcp": 10, "throughput_20us_native_over_tcp": 10, "stream_native_over_tcp": 10,
		"throughput_cpu_native_over_tcp": 0.1,
		"compute_native_over_plain":      1.02, "compute_native_over_plain_most": 1.02, "compute_wasm_over_plain": 5, "compute_tcp_over_plain": 1,
	} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	// What is hardly longer than a look at the clock does not count.
	short := []Figure{{Name: "compute_sort_1us_plain", Median: 1000}, {Name: "compute_sort_1us_wasm", Median: 9000}}
	if got := ratios(short); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestReadme_placement(t *testing.T) {
	r := &Results{Environment: environment(false), Figures: placementFigures()}
	r.finish()
	text := r.markdown()
	for _, want := range []string{
		"| call of 1 KB, one caller, median | 100 µs | 10 µs | 10 µs | 10 µs | 10 µs | 10x |",
		"| calls of 1 KB | 10000 | 100000 | 100000 | 100000 | 100000 | 10x |",
		"| json | 1 | 1.02 | 5 |",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
}

func TestPlots_placement(t *testing.T) {
	r := &Results{Figures: placementFigures()}
	files, err := plots(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := plots(r)
	if err != nil {
		t.Fatal(err)
	}
	for file, legends := range map[string][]string{
		"breakeven.svg":  {"gRPC, TCP", "Wasm calls Wasm", "Wasm calls native", "native calls native", "SHA-256"},
		"compute.svg":    {"gRPC, TCP", "native calls native", "aesctr"},
		"saturation.svg": {"the same, sleeping", "20us"},
	} {
		if err := wellFormed(files[file]); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if !bytes.Equal(files[file], again[file]) {
			t.Errorf("%s differs when drawn again", file)
		}
		for _, legend := range legends {
			if !bytes.Contains(files[file], []byte(">"+legend+"<")) {
				t.Errorf("%s does not say %q", file, legend)
			}
		}
	}
}

func TestBars(t *testing.T) {
	r := &Results{Figures: placementFigures()}
	r.finish()
	if missed := r.missedBars(); len(missed) != 1 || !strings.HasPrefix(missed[0], "call_1k_tcp_over_native = 10, want at least 20") {
		t.Errorf("got %q", missed)
	}
	if missed := (&Results{}).missedBars(); len(missed) != len(bars) || !strings.Contains(missed[0], "was not measured") {
		t.Errorf("got %q", missed)
	}
}

// Costs are those of the figures, to scale: a call and a byte make up what calls of two sizes take.
func TestCosts(t *testing.T) {
	r := &Results{Figures: placementFigures()}
	costs, err := r.costs()
	if err != nil {
		t.Fatal(err)
	}
	tcp, native := costs[advise.Network], costs[advise.NativeNative]
	if tcp.CallNs != 100_000 || native.CallNs != 10_000 || tcp.CPUCallNs != 150_000 || tcp.ByteNs != 0 || native.MessageNs != 10_000 {
		t.Errorf("got %+v and %+v", tcp, native)
	}
	if fixed, perByte := line(1000, 5000, 300, 1100); fixed != 100 || perByte != 0.2 {
		t.Errorf("got %v and %v", fixed, perByte)
	}
	if _, err := (&Results{}).costs(); err == nil || !strings.Contains(err.Error(), "run the section isolate") {
		t.Errorf("got %v", err)
	}
}
