package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/cofaas/cofaas/bench/compute/kernels"
)

// setupStyles are how setups look, in the order of legends. What runs in a host is blue.
var setupStyles = []style{
	{"tcp", "gRPC, TCP", color.RGBA{0xd5, 0x5e, 0x00, 0xff}, draw.CircleGlyph{}, nil},
	{"wasm", "Wasm calls Wasm", color.RGBA{0x00, 0x3f, 0x7f, 0xff}, draw.CircleGlyph{}, nil},
	{"mixed", "Wasm calls native", color.RGBA{0x00, 0x9e, 0x73, 0xff}, draw.TriangleGlyph{}, nil},
	{"native", "native calls native", color.RGBA{0x56, 0xb4, 0xe9, 0xff}, draw.SquareGlyph{}, nil},
	{"sleeping", "the same, sleeping", color.RGBA{0xcc, 0x79, 0xa7, 0xff}, draw.PyramidGlyph{}, nil},
}

// breakEvenKernels are those of the chart: guests are slow in some more than in others.
var breakEvenKernels = []struct{ name, title string }{
	{"recursion", "calls and sums"}, {"json", "JSON"}, {"sha256", "SHA-256"},
}

// plotBreakEven draws what a request takes over what its handler computes natively, a line for each setup. Where two lines cross, one
// placement becomes better than the other.
func plotBreakEven(r *Results) ([]byte, error) {
	legend := newLegend()
	var row []*plot.Plot
	low, high := math.Inf(1), math.Inf(-1)
	for _, k := range breakEvenKernels {
		p := newPlot(k.title, "handler, natively (µs)", "call (µs), median")
		inLegend := legend
		if len(row) > 0 {
			inLegend = nil
		}
		for _, s := range setupStyles {
			if err := curve(p, s, r.breakEven(k.name, s.peer), inLegend); err != nil {
				return nil, err
			}
		}
		p.X.Tick.Marker, p.Y.Tick.Marker = decades{}, decades{}
		p.X.Min, p.X.Max = 0, 4
		low, high = min(low, p.Y.Min), max(high, p.Y.Max)
		row = append(row, p)
	}
	for _, p := range row {
		p.Y.Min, p.Y.Max = low, high
		wholeDecades(&p.Y)
	}
	return svg(vg.Length(len(row))*8*vg.Centimeter+legendWidth, 10*vg.Centimeter, [][]*plot.Plot{row}, legend)
}

// breakEven are the points of a setup, as logarithms of microseconds.
func (r *Results) breakEven(kernel, setup string) (points plotter.XYs) {
	for _, target := range computeTargets {
		name := kernel + "_" + targetName(target)
		plain, ok1 := r.figure("compute_" + name + "_plain")
		request, ok2 := r.figure("request_" + name + "_" + setup)
		if ok1 && ok2 && plain.Median > 0 && request.Median > 0 {
			points = append(points, plotter.XY{X: math.Log10(plain.Median / 1e3), Y: math.Log10(request.Median / 1e3)})
		}
	}
	return points
}

// plotCompute draws how many times as long kernels take in handlers as in plain calls of a function, of the largest amount.
func plotCompute(r *Results) ([]byte, error) {
	legend := newLegend()
	p := newPlot("Kernels in handlers", "", "times the plain function")
	var names []string
	for _, k := range kernels.Names {
		if _, ok := r.slowdown(k, "tcp"); ok {
			names = append(names, k)
		}
	}
	for _, s := range setupStyles {
		var points plotter.XYs
		for x, k := range names {
			if times, ok := r.slowdown(k, s.peer); ok {
				points = append(points, plotter.XY{X: float64(x), Y: math.Log10(times)})
			}
		}
		if err := curve(p, s, points, legend); err != nil {
			return nil, err
		}
	}
	named(&p.X, names)
	p.Y.Tick.Marker = decades{}
	wholeDecades(&p.Y)
	return svg(20*vg.Centimeter+legendWidth, 10*vg.Centimeter, [][]*plot.Plot{{p}}, legend)
}

// slowdown is the quotient for a kernel in a setup.
func (r *Results) slowdown(kernel, setup string) (float64, bool) {
	for _, target := range slices.Backward(computeTargets) {
		name := "compute_" + kernel + "_" + targetName(target) + "_"
		plain, ok1 := r.figure(name + "plain")
		in, ok2 := r.figure(name + setup)
		if ok1 && ok2 && plain.Median > 0 && in.Median > 0 {
			return in.Median / plain.Median, true
		}
	}
	return 0, false
}

// plotSaturation draws what is done per second, and the processor time of each, at saturation.
func plotSaturation(r *Results) ([]byte, error) {
	legend := newLegend()
	rate := newPlot(fmt.Sprintf("%d callers, or a stream", saturated), "", "per second")
	cpu := newPlot("processor time", "", "µs per call or message")
	var names []string
	var jobs []isolateJob
	for _, j := range isolateJobs {
		if _, ok := r.figure("isolate_throughput_" + j.name + "_tcp"); ok && (j.callers > 1 || j.stream) {
			jobs = append(jobs, j)
			names = append(names, j.name)
		}
	}
	for _, s := range setupStyles {
		for _, of := range []struct {
			plot   *plot.Plot
			prefix string
			scale  float64
			legend *plot.Legend
		}{{rate, "isolate_throughput_", 1, legend}, {cpu, "isolate_throughput_cpu_", 1e3, nil}} {
			var points plotter.XYs
			for x, j := range jobs {
				if f, ok := r.figure(of.prefix + j.name + "_" + s.peer); ok && f.Median > 0 {
					points = append(points, plotter.XY{X: float64(x), Y: math.Log10(f.Median / of.scale)})
				}
			}
			if err := curve(of.plot, s, points, of.legend); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range []*plot.Plot{rate, cpu} {
		named(&p.X, names)
		p.Y.Tick.Marker = decades{}
		wholeDecades(&p.Y)
	}
	return svg(20*vg.Centimeter+legendWidth, 10*vg.Centimeter, [][]*plot.Plot{{rate, cpu}}, legend)
}

// named makes an axis have a name at each whole number.
func named(a *plot.Axis, names []string) {
	ticks := make(plot.ConstantTicks, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: float64(i), Label: name}
	}
	a.Tick.Marker = ticks
	a.Min, a.Max = -0.5, max(float64(len(names)), 1)-0.5
}
