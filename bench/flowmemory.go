package main

import (
	"context"
	"slices"

	"github.com/cofaas/cofaas/bench/flow/pb"
)

const (
	memoryCalls  = 1_000_000
	memorySteps  = 40
	memoryStream = 25_000 // messages there and back after each step
)

// flowMemory makes a million calls and as many messages of streams between two functions, and watches the host's memory, which has
// to stay flat.
func (b *bench) flowMemory(ctx context.Context, s flowSource) error {
	var rss []float64
	for step := range memorySteps {
		for _, job := range []*pb.Job{
			{Kind: pb.Kind_KIND_UNARY_CONTEXT, N: memoryCalls / memorySteps, Bytes: flowBytes},
			{Kind: pb.Kind_KIND_ECHO, N: memoryStream, Bytes: flowBytes},
		} {
			if _, err := s.client.Run(ctx, job); err != nil {
				return s.process.fail(err)
			}
		}
		bytes, err := residentBytes(s.process.cmd.Process.Pid)
		if err != nil {
			return s.process.fail(err)
		}
		rss = append(rss, bytes)
		if step%10 == 9 {
			b.progress("flow: %d calls, %.0f MB resident", (step+1)*memoryCalls/memorySteps, bytes/1e6)
		}
	}
	half := len(rss) / 2
	b.add("flow_rss", "bytes", rss)
	b.add("flow_rss_second_quarter_max", "bytes", []float64{slices.Max(rss[half/2 : half])})
	b.add("flow_rss_second_half_max", "bytes", []float64{slices.Max(rss[half:])})
	return nil
}
