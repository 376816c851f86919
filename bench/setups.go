package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/bench/compute/pb"
)

// computePrograms are the functions compute.v1.Caller and compute.v1.Worker, native and as a host.
type computePrograms struct{ caller, worker, host string }

func (b *built) compute() computePrograms {
	return computePrograms{filepath.Join(b.tmp, "caller"), filepath.Join(b.tmp, "worker"), filepath.Join(b.tmp, "caller-host")}
}

// buildCompute builds them, once.
func (b *bench) buildCompute(ctx context.Context) error {
	if b.hasCompute {
		return nil
	}
	b.progress("caller and worker: building")
	p := b.built.compute()
	for _, c := range []struct {
		function string
		args     []string
	}{
		{"caller", []string{"tool", "cofaas-gen", "-q"}},
		{"caller", []string{"build", "-o", p.caller, "."}},
		{"caller", []string{"build", "-o", p.host, "./cofaas"}},
		{"worker", []string{"build", "-o", p.worker, "."}},
	} {
		if _, err := command(ctx, filepath.Join(b.built.root, "bench", "compute", c.function), nil, "go", c.args...); err != nil {
			return fmt.Errorf("compute: %w", err)
		}
	}
	b.hasCompute = true
	return nil
}

// setup is a way to run caller and worker.
type setup struct {
	name, title string
	// isHost says that a host runs the caller, with these flags, and hasWorker that the worker is a process of its own that is called over
	// TCP.
	isHost, hasWorker bool
	flags             string
}

// setups are all of them.
var setups = []setup{
	{name: "tcp", title: "gRPC, TCP", hasWorker: true},
	{name: "wasm", title: "Wasm calls Wasm", isHost: true},
	{name: "native", title: "native calls native", isHost: true, flags: "-place caller=native -place worker=native"},
	{name: "sleeping", title: "native calls native, sleeping", isHost: true, flags: "-place caller=native -place worker=native -waiting sleeping"},
	{name: "mixed", title: "Wasm calls native", isHost: true, flags: "-place worker=native"},
	{name: "reverse", title: "native calls Wasm", isHost: true, flags: "-place caller=native"},
	{name: "remote", title: "Wasm calls gRPC, TCP", isHost: true, hasWorker: true, flags: "-place worker=remote"},
}

// pair is a running setup.
type pair struct {
	setup
	processes procs
	conn      *grpc.ClientConn
	client    pb.CallerClient
}

// startPair starts a setup on some processors; nil means all. More flags may be given to the host.
func (b *built) startPair(ctx context.Context, s setup, cores []int, flags ...string) (_ *pair, err error) {
	p := &pair{setup: s}
	defer func() {
		if err != nil {
			p.processes.stop()
		}
	}()
	programs := b.compute()
	worker := ""
	if s.hasWorker {
		process, err := p.processes.start(ctx, program{peer: s.name, path: programs.worker, env: []string{"ADDRESS=" + anyPort}, cores: cores})
		if err != nil {
			return nil, err
		}
		worker = process.address
	}
	front := program{peer: s.name, path: programs.caller, env: []string{"ADDRESS=" + anyPort, "WORKER_ADDRESS=" + worker}, cores: cores}
	if s.isHost {
		front.path, front.env = programs.host, nil
		front.args = append([]string{"-addr", anyPort, "-cache-dir", b.compiled, "-env", "caller:WORKER_ADDRESS=" + worker}, strings.Fields(s.flags)...)
		front.args = append(front.args, flags...)
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
func (b *bench) startPairs(ctx context.Context, cores []int, names ...string) (pairs []*pair, stop func(), err error) {
	stop = func() {
		for _, p := range pairs {
			p.stop()
		}
	}
	for _, name := range names {
		p, err := b.built.startPair(ctx, setupNamed(name), cores)
		if err != nil {
			stop()
			return nil, nil, err
		}
		pairs = append(pairs, p)
	}
	return pairs, stop, nil
}

// setupNamed returns a setup that there is.
func setupNamed(name string) setup {
	for _, s := range setups {
		if s.name == name {
			return s
		}
	}
	panic("bench: there is no setup " + name)
}
