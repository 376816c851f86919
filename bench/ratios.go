package main

import (
	"fmt"
	"slices"
	"strings"
)

// ratio is a quotient of two figures' medians; "ours" is cofaas.
type ratio struct{ name, over, under string }

// ratioTable lists all ratios of a full run.
func ratioTable() []ratio {
	table := []ratio{
		{"call_512k_ours_over_copy", "call_512k_cofaas", "call_512k_copy"},
		{"soak_rss_growth", "soak_rss_second_half_max", "soak_rss_second_quarter_max"},
		{"throughput_ours_over_tcp", "throughput_n1_c32_cofaas", "throughput_n1_c32_tcp"},
		{"throughput_ours_over_unix", "throughput_n1_c32_cofaas", "throughput_n1_c32_unix"},
		{"throughput_n20_ours_over_tcp", "throughput_n20_c32_cofaas", "throughput_n20_c32_tcp"},
		{"throughput_n20_ours_over_unix", "throughput_n20_c32_cofaas", "throughput_n20_c32_unix"},
		{"start_warm_ours_over_native", "start_cofaas_warm_cache", "start_native"},
	}
	better := func(figure, theirs string) {
		table = append(table, ratio{
			fmt.Sprintf("%s_%s_over_ours", figure, theirs), figure + "_" + theirs, figure + "_cofaas",
		})
	}
	for _, size := range []string{"1k", "64k", "512k"} {
		for _, t := range []string{"tcp", "unix", "bufconn", "inproc", "goplugin"} {
			better("call_"+size, t)
		}
	}
	for _, job := range jobs {
		better("flow_"+job.name, "tcp")
	}
	table = append(table, ratio{"flow_rss_growth", "flow_rss_second_half_max", "flow_rss_second_quarter_max"})
	table = append(table, ratio{"flow_context_over_unary", "flow_context_cofaas", "flow_unary_cofaas"})
	for _, n := range []int{1, 10, 20} {
		for _, dial := range []string{"", "_dial"} {
			for _, t := range []string{"tcp", "unix"} {
				better(fmt.Sprintf("rtt_n%d_1k%s", n, dial), t)
			}
		}
	}
	return append(table, isolateRatios()...)
}

// isolateRatios are about functions in processes of their own, and native gRPC over TCP.
func isolateRatios() (table []ratio) {
	for _, s := range []struct{ setup, suffix string }{{"native", "native"}, {"sleeping", "native_sleeping"}} {
		for _, size := range []string{"1k", "512k"} {
			table = append(table,
				ratio{"call_" + size + "_tcp_over_" + s.suffix, "isolate_call_" + size + "_tcp", "isolate_call_" + size + "_" + s.setup},
				ratio{"p99_" + size + "_" + s.suffix + "_over_tcp", "isolate_p99_" + size + "_" + s.setup, "isolate_p99_" + size + "_tcp"},
				ratio{"cpu_" + size + "_" + s.suffix + "_over_tcp", "isolate_cpu_" + size + "_" + s.setup, "isolate_cpu_" + size + "_tcp"},
			)
		}
		for _, job := range []struct{ name, ratio string }{{"1k", "throughput"}, {"512k", "throughput_512k"}, {"20us", "throughput_20us"}, {"stream", "stream"}} {
			table = append(table,
				ratio{job.ratio + "_" + s.suffix + "_over_tcp", "isolate_throughput_" + job.name + "_" + s.setup, "isolate_throughput_" + job.name + "_tcp"},
				ratio{job.ratio + "_cpu_" + s.suffix + "_over_tcp", "isolate_throughput_cpu_" + job.name + "_" + s.setup, "isolate_throughput_cpu_" + job.name + "_tcp"},
			)
		}
	}
	return table
}

// addComputeRatios adds how many times as long kernels take in handlers as in plain calls of a function: the median over all kernels and
// amounts, and the least and the most. The least amounts are left out, of which to look at a clock would be a part.
func addComputeRatios(figures []Figure, out map[string]float64) {
	for _, setup := range []string{"native", "tcp", "wasm"} {
		var all []float64
		for _, f := range figures {
			name, isPlain := strings.CutSuffix(f.Name, "_plain")
			if !isPlain || !strings.HasPrefix(name, "compute_") || f.Median < leastCompute {
				continue
			}
			if in, ok := find(figures, name+"_"+setup); ok {
				all = append(all, in.Median/f.Median)
			}
		}
		if len(all) == 0 {
			continue
		}
		slices.Sort(all)
		name := "compute_" + setup + "_over_plain"
		out[name], out[name+"_least"], out[name+"_most"] = round(quantile(all, 0.5)), round(all[0]), round(all[len(all)-1])
	}
}

// leastCompute is the least time in nanoseconds of kernels in ratios.
const leastCompute = 20_000

// ratios computes those ratios whose figures there are.
func ratios(figures []Figure) map[string]float64 {
	out := map[string]float64{}
	for _, r := range ratioTable() {
		over, ok1 := find(figures, r.over)
		under, ok2 := find(figures, r.under)
		if ok1 && ok2 && under.Median > 0 {
			out[r.name] = round(over.Median / under.Median)
		}
	}
	addComputeRatios(figures, out)
	return out
}
