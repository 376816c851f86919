package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cofaas/cofaas/bench/compute/kernels"
	"github.com/cofaas/cofaas/bench/compute/pb"
)

// computeTargets are how long kernels work natively, in nanoseconds.
var computeTargets = []int{1_000, 10_000, 100_000, 1_000_000, 10_000_000}

// targetName is a target in names of figures.
func targetName(ns int) string {
	if ns < 1_000_000 {
		return fmt.Sprintf("%dus", ns/1000)
	}
	return fmt.Sprintf("%dms", ns/1_000_000)
}

// amountFor finds how much of a kernel takes about as long natively, 0 if its least takes much longer.
func amountFor(kernel kernels.Kernel, target time.Duration) int {
	// The least of some tries, because others may use the processors too.
	least := func(n int) time.Duration {
		best := time.Duration(1 << 62)
		for range 5 {
			begin := time.Now()
			kernel(n)
			best = min(best, time.Since(begin))
		}
		return best
	}
	n := 1
	took := least(n)
	if took > 3*target {
		return 0
	}
	for took < target/2 {
		n = max(n+1, int(float64(n)*min(float64(target)/float64(took+1), 10)))
		took = least(n)
	}
	return max(1, int(float64(n)*float64(target)/float64(took)+0.5))
}

// computes measures kernels in handlers, in each setup and as plain calls of a function, for figures
//
//	compute_KERNEL_TARGET_SETUP  nanoseconds in the kernel
//	request_KERNEL_TARGET_SETUP  nanoseconds of the call, as its caller sees it
func (b *bench) computes(ctx context.Context) error {
	if err := b.buildCompute(ctx); err != nil {
		return err
	}
	pairs, stop, err := b.startPairs(ctx, nil, computeSetups...)
	if err != nil {
		return err
	}
	defer stop()
	rounds, slice := 11, 30*time.Millisecond
	if b.quick {
		rounds, slice = 3, 10*time.Millisecond
	}
	for _, name := range kernels.Names {
		b.progress("compute: %s", name)
		for _, target := range computeTargets {
			n := amountFor(kernels.All[name], time.Duration(target))
			if n == 0 {
				continue
			}
			w := computeWork{name, n, max(1, int(slice)/(target*2))}
			if err := b.computesOf(ctx, pairs, w, name+"_"+targetName(target), rounds); err != nil {
				return err
			}
		}
	}
	return nil
}

// computeSetups are those whose handlers compute.
var computeSetups = []string{"tcp", "wasm", "native", "mixed"}

// computeWork is what one sample consists of.
type computeWork struct {
	kernel   string
	n, calls int
}

// computesOf measures one amount of one kernel everywhere, by turns.
func (b *bench) computesOf(ctx context.Context, pairs []*pair, w computeWork, name string, rounds int) error {
	requests := make([][]float64, len(pairs)+1)
	sum := kernels.All[w.kernel](w.n)
	samples, err := alternate(ctx, len(pairs)+1, rounds, func(ctx context.Context, i int) ([]float64, error) {
		if i == len(pairs) {
			var took time.Duration
			for range w.calls {
				begin := time.Now() // as handlers do
				if _, err := kernels.Run(w.kernel, w.n); err != nil {
					return nil, err
				}
				took += time.Since(begin)
			}
			return []float64{float64(took.Nanoseconds()) / float64(w.calls)}, nil
		}
		m, _, err := pairs[i].run(ctx, &pb.Job{Work: &pb.Work{Kernel: w.kernel, N: int64(w.n)}, Calls: int64(w.calls), Callers: 1})
		if err != nil {
			return nil, err
		}
		if want := sum * uint64(w.calls); m.GetSum() != want {
			return nil, fmt.Errorf("%s: %s of %d has sum %d, want %d", pairs[i].name, w.kernel, w.n, m.GetSum(), want)
		}
		requests[i] = append(requests[i], float64(m.GetNanoseconds())/float64(w.calls))
		return []float64{float64(m.GetKernel()) / float64(w.calls)}, nil
	})
	if err != nil {
		return err
	}
	for i, p := range pairs {
		b.add(fmt.Sprintf("compute_%s_%s", name, p.name), "ns", samples[i])
		b.add(fmt.Sprintf("request_%s_%s", name, p.name), "ns", requests[i][warmRounds:])
	}
	b.add(fmt.Sprintf("compute_%s_plain", name), "ns", samples[len(pairs)])
	return nil
}
