package main

import "fmt"

// bar is what a ratio has to be.
type bar struct {
	ratio string
	// least or most, whichever is not 0.
	least, most float64
}

// bars are those of functions in processes of their own, against native gRPC over TCP in the same run.
var bars = []bar{
	{ratio: "call_1k_tcp_over_native", least: 20},
	{ratio: "call_1k_tcp_over_native_sleeping", least: 6},
	{ratio: "p99_1k_native_over_tcp", most: 1},
	{ratio: "p99_1k_native_sleeping_over_tcp", most: 1},
	{ratio: "cpu_1k_native_over_tcp", most: 0.25},
	{ratio: "cpu_1k_native_sleeping_over_tcp", most: 0.25},
	{ratio: "throughput_native_over_tcp", least: 6},
	{ratio: "stream_native_over_tcp", least: 4},
	{ratio: "throughput_512k_native_over_tcp", least: 3},
	{ratio: "throughput_20us_native_over_tcp", least: 1.7},
	{ratio: "compute_native_over_plain", most: 1.05},
}

// missedBars says which bars are missed, and which were not measured.
func (r *Results) missedBars() (missed []string) {
	for _, b := range bars {
		got, ok := r.Ratios[b.ratio]
		switch {
		case !ok:
			missed = append(missed, b.ratio+" was not measured")
		case b.least > 0 && got < b.least:
			missed = append(missed, fmt.Sprintf("%s = %v, want at least %v", b.ratio, got, b.least))
		case b.most > 0 && got > b.most:
			missed = append(missed, fmt.Sprintf("%s = %v, want at most %v", b.ratio, got, b.most))
		}
	}
	return missed
}
