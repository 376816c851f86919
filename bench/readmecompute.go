package main

import (
	"fmt"
	"strings"

	"github.com/cofaas/cofaas/bench/compute/kernels"
)

// isolateTables are the tables about functions in processes of their own.
func (r *Results) isolateTables(b *strings.Builder) {
	columns := []column{
		{"tcp", "gRPC, TCP"}, {"wasm", "Wasm calls Wasm"}, {"mixed", "Wasm calls native"}, {"sleeping", "native calls native, sleeping"}, {"native", "**native calls native**"},
	}
	calls := table{corner: "call of one function by another, one caller", columns: columns, ours: "native"}
	rates := table{corner: fmt.Sprintf("per second: %d callers, or a stream", saturated), columns: columns, ours: "native"}
	for _, j := range isolateJobs {
		if j.callers == 1 && !j.stream {
			calls.rows = append(calls.rows,
				row{title: j.title + ", median", prefix: "isolate_call_" + j.name + "_"},
				row{title: j.title + ", p99", prefix: "isolate_p99_" + j.name + "_"},
				row{title: j.title + ", processor time", prefix: "isolate_cpu_" + j.name + "_"})
			continue
		}
		rates.rows = append(rates.rows,
			row{title: j.title, prefix: "isolate_throughput_" + j.name + "_", higherBetter: true},
			row{title: j.title + ", processor time of each", prefix: "isolate_throughput_cpu_" + j.name + "_"})
	}
	r.table(b, calls)
	r.table(b, rates)
	r.computeTable(b)
}

// computeTable has what kernels take in handlers.
func (r *Results) computeTable(b *strings.Builder) {
	setups := []column{{"tcp", "gRPC handler"}, {"native", "native isolate"}, {"wasm", "Wasm guest"}}
	var lines []string
	for _, k := range kernels.Names {
		line, any := "| "+k+" |", false
		for _, s := range setups {
			if times, ok := r.slowdown(k, s.peer); ok {
				line, any = line+fmt.Sprintf(" %.3g |", times), true
			} else {
				line += " |"
			}
		}
		if any {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return
	}
	head, rule := "| computing in a handler, times the plain function |", "|---|"
	for _, s := range setups {
		head, rule = head+" "+s.title+" |", rule+"--:|"
	}
	fmt.Fprintf(b, "\n%s\n%s\n%s\n", head, rule, strings.Join(lines, "\n"))
}
