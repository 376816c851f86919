package main

import "fmt"

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
	return table
}

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
	return out
}
