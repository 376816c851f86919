package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/cofaas/cofaas/internal/advise"
)

// constants prints, or writes to a file, what package advise takes for the costs of calls by default: medians of section isolate, brought to
// the scale of a machine on which an empty call over TCP takes 100 us.
func constants(opts options, stdout io.Writer) error {
	r, err := readResults(opts.out)
	if err != nil {
		return err
	}
	costs, err := r.costs()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(costs, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if opts.write != "" {
		return writeFile(opts.write, data)
	}
	_, err = stdout.Write(data)
	return err
}

// costKinds are the setups that kinds of edges are measured by.
var costKinds = map[advise.Kind]string{
	advise.Network: "tcp", advise.WasmWasm: "wasm", advise.WasmNative: "mixed", advise.NativeWasm: "reverse", advise.NativeNative: "native",
}

// costs are the costs of calls by kind.
func (r *Results) costs() (map[advise.Kind]advise.Cost, error) {
	costs := map[advise.Kind]advise.Cost{}
	for kind, setup := range costKinds {
		var missing error
		median := func(name string) float64 {
			f, ok := r.figure(name + "_" + setup)
			if !ok {
				missing = fmt.Errorf("there is no figure %s_%s: run the section isolate", name, setup)
			}
			return f.Median
		}
		const small, large = 1 << 10, 512 << 10
		var c advise.Cost
		c.CallNs, c.ByteNs = line(small, large, median("isolate_call_1k"), median("isolate_call_512k"))
		c.CPUCallNs, c.CPUByteNs = line(small, large, median("isolate_cpu_1k"), median("isolate_cpu_512k"))
		c.MessageNs = max(0, 1e9/max(median("isolate_throughput_stream"), 1)-small*c.ByteNs)
		c.CPUMessageNs = max(0, median("isolate_throughput_cpu_stream")-small*c.CPUByteNs)
		if missing != nil {
			return nil, missing
		}
		costs[kind] = c
	}
	scale := 100e3 / costs[advise.Network].CallNs
	for kind, c := range costs {
		c = c.Times(scale)
		for _, x := range []*float64{&c.CallNs, &c.MessageNs, &c.ByteNs, &c.CPUCallNs, &c.CPUMessageNs, &c.CPUByteNs} {
			*x = round(*x)
		}
		costs[kind] = c
	}
	return costs, nil
}

// line returns what is the same for all sizes, and what a byte takes, of what two sizes take.
func line(small, large, ofSmall, ofLarge float64) (fixed, perByte float64) {
	perByte = max(0, (ofLarge-ofSmall)/(large-small))
	return max(0, ofSmall-small*perByte), perByte
}
