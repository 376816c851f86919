package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/bench/compute/kernels"
	"github.com/cofaas/cofaas/bench/compute/pb"
)

// computeDir is the folder of the functions compute.v1.Caller and compute.v1.Worker.
func (b *built) computeDir(function string) string {
	return filepath.Join(b.root, "bench", "compute", function)
}

// computePrograms are caller and worker, native and as a host.
type computePrograms struct{ caller, worker, host string }

func (b *built) compute() computePrograms {
	return computePrograms{filepath.Join(b.tmp, "caller"), filepath.Join(b.tmp, "worker"), filepath.Join(b.tmp, "caller-host")}
}

// buildCompute builds them.
func (b *built) buildCompute(ctx context.Context) error {
	p := b.compute()
	for _, c := range []struct {
		function string
		args     []string
	}{
		{"caller", []string{"tool", "cofaas-gen", "-q"}},
		{"caller", []string{"build", "-o", p.caller, "."}},
		{"caller", []string{"build", "-o", p.host, "./cofaas"}},
		{"worker", []string{"build", "-o", p.worker, "."}},
	} {
		if _, err := command(ctx, b.computeDir(c.function), nil, "go", c.args...); err != nil {
			return fmt.Errorf("compute: %w", err)
		}
	}
	return nil
}

// setup is a way to run caller and worker.
type setup struct {
	name, title string
	// isHost says that a host runs both, with these flags; else they are two native processes that talk over TCP.
	isHost bool
	flags  string
}

// setups are all of them, by name: what calls what.
var setups = map[string]setup{
	"tcp":  {name: "tcp", title: "gRPC, TCP"},
	"wasm": {name: "wasm", title: "Wasm calls Wasm", isHost: true},
}

// pair is a running setup.
type pair struct {
	setup
	processes procs
	conn      *grpc.ClientConn
	client    pb.CallerClient
}

// startPair starts a setup. More flags may be given to a host.
func (b *built) startPair(ctx context.Context, s setup, flags ...string) (_ *pair, err error) {
	p := &pair{setup: s}
	defer func() {
		if err != nil {
			p.processes.stop()
		}
	}()
	programs := b.compute()
	front := program{peer: s.name, path: programs.host, args: append([]string{"-addr", anyPort, "-cache-dir", b.compiled}, strings.Fields(s.flags)...)}
	front.args = append(front.args, flags...)
	if !s.isHost {
		worker, err := p.processes.start(ctx, program{peer: s.name, path: programs.worker, env: []string{"ADDRESS=" + anyPort}})
		if err != nil {
			return nil, err
		}
		front = program{peer: s.name, path: programs.caller, env: []string{"ADDRESS=" + anyPort, "WORKER_ADDRESS=" + worker.address}}
	}
	process, err := p.processes.start(ctx, front)
	if err != nil {
		return nil, err
	}
	if p.conn, err = dialAddress(process.address); err != nil {
		return nil, process.fail(err)
	}
	p.client = pb.NewCallerClient(p.conn)
	return p, nil
}

func (p *pair) front() *process { return p.processes[len(p.processes)-1] }

func (p *pair) stop() {
	p.conn.Close()
	p.processes.stop()
}

// run has the caller do a job, and returns what it has measured and what all processes together have used of the processors, in
// nanoseconds per call.
func (p *pair) run(ctx context.Context, job *pb.Job) (m *pb.Measure, cpu float64, err error) {
	before, err := p.processes.cpu()
	if err != nil {
		return nil, 0, err
	}
	if m, err = p.client.Run(ctx, job); err != nil {
		return nil, 0, p.front().fail(err)
	}
	after, err := p.processes.cpu()
	return m, (after - before) / float64(job.GetCalls()), err
}

// startPairs starts setups by name.
func (b *bench) startPairs(ctx context.Context, names ...string) (pairs []*pair, stop func(), err error) {
	stop = func() {
		for _, p := range pairs {
			p.stop()
		}
	}
	for _, name := range names {
		p, err := b.built.startPair(ctx, setups[name])
		if err != nil {
			stop()
			return nil, nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, stop, nil
}

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
	b.progress("compute: building")
	if err := b.built.buildCompute(ctx); err != nil {
		return err
	}
	pairs, stop, err := b.startPairs(ctx, computeSetups...)
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
			w := computeWork{name, n, max(2, int(slice)/(target*2))}
			if err := b.computesOf(ctx, pairs, w, name+"_"+targetName(target), rounds); err != nil {
				return err
			}
		}
	}
	return nil
}

// computeSetups are those whose handlers compute.
var computeSetups = []string{"tcp", "wasm"}

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
			begin := time.Now()
			for range w.calls {
				kernels.All[w.kernel](w.n)
			}
			return []float64{float64(time.Since(begin).Nanoseconds()) / float64(w.calls)}, nil
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
