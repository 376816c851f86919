package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/bench/flow/pb"
)

// jobs are what flow.v1.Source is asked to do, for figures named flow_KIND_PEER, in nanoseconds per call or message.
var jobs = []struct {
	name string
	kind pb.Kind
	// title is for people.
	title string
	// ns is what a native call or message takes, roughly; it decides how many make a sample.
	ns float64
}{
	{"unary", pb.Kind_KIND_UNARY, "call", 60_000},
	{"context", pb.Kind_KIND_UNARY_CONTEXT, "call with metadata and a deadline, one context for all", 60_000},
	{"fresh", pb.Kind_KIND_UNARY_FRESH, "call with metadata and a deadline, a context for each", 60_000},
	{"collect", pb.Kind_KIND_COLLECT, "message from client to server", 1500},
	{"emit", pb.Kind_KIND_EMIT, "message from server to client", 1500},
	{"pingpong", pb.Kind_KIND_PING_PONG, "message there and back, one at a time", 30_000},
	{"echo", pb.Kind_KIND_ECHO, "message there and back, many at a time", 3000},
}

// flowBytes is the payload of a message.
const flowBytes = 100

// flowPrograms are source and sink, native and as a host.
type flowPrograms struct{ source, sink, host string }

func (b *built) flow() flowPrograms {
	return flowPrograms{filepath.Join(b.tmp, "source"), filepath.Join(b.tmp, "sink"), filepath.Join(b.tmp, "source-host")}
}

// buildFlow builds them.
func (b *built) buildFlow(ctx context.Context) error {
	p, dir := b.flow(), filepath.Join(b.root, "bench", "flow")
	for _, c := range []struct {
		dir  string
		args []string
	}{
		{"source", []string{"tool", "cofaas-gen", "-q"}},
		{"source", []string{"build", "-o", p.source, "."}},
		{"source", []string{"build", "-o", p.host, "./cofaas"}},
		{"sink", []string{"build", "-o", p.sink, "."}},
	} {
		if _, err := command(ctx, filepath.Join(dir, c.dir), nil, "go", c.args...); err != nil {
			return fmt.Errorf("flow: %w", err)
		}
	}
	return nil
}

// flows measures calls and messages of all kinds between two functions, as the caller sees them: native over TCP, and in a host.
func (b *bench) flows(ctx context.Context) error {
	b.progress("flow: building")
	if err := b.built.buildFlow(ctx); err != nil {
		return err
	}
	sources, stop, err := b.startFlow(ctx)
	if err != nil {
		return err
	}
	defer stop()
	rounds, sample := 15, 400*time.Millisecond
	if b.quick {
		rounds, sample = 5, 200*time.Millisecond
	}
	for _, job := range jobs {
		b.progress("flow: %s", job.name)
		samples := make([][]float64, len(sources))
		for round := range rounds + 1 {
			for turn := range sources {
				i := (round + turn) % len(sources)
				n := int64(float64(sample) / job.ns)
				m, err := sources[i].client.Run(ctx, &pb.Job{Kind: job.kind, N: n, Bytes: flowBytes})
				if err != nil {
					return sources[i].process.fail(err)
				}
				if round > 0 { // the first warms up
					samples[i] = append(samples[i], float64(m.Nanoseconds)/float64(n))
				}
			}
		}
		for i, s := range sources {
			b.add(fmt.Sprintf("flow_%s_%s", job.name, s.name), "ns", samples[i])
		}
	}
	if b.quick {
		return nil
	}
	return b.flowMemory(ctx, sources[len(sources)-1])
}

// flowSource is a running source.
type flowSource struct {
	name    string
	process *process
	conn    *grpc.ClientConn
	client  pb.SourceClient
}

func (b *bench) startFlow(ctx context.Context) (sources []flowSource, stop func(), err error) {
	var procs procs
	stop = func() {
		for _, s := range sources {
			s.conn.Close()
		}
		procs.stop()
	}
	p := b.built.flow()
	sink, err := procs.start(ctx, program{peer: "tcp", path: p.sink, env: []string{"ADDRESS=" + anyPort}})
	if err != nil {
		return nil, nil, err
	}
	for _, prog := range []program{
		{peer: "tcp", path: p.source, env: []string{"ADDRESS=" + anyPort, "SINK_ADDRESS=" + sink.address}},
		{peer: "cofaas", path: p.host, args: strings.Fields("-addr " + anyPort + " -cache-dir " + b.built.compiled)},
	} {
		process, err := procs.start(ctx, prog)
		if err != nil {
			stop()
			return nil, nil, err
		}
		conn, err := dialAddress(process.address)
		if err != nil {
			stop()
			return nil, nil, process.fail(err)
		}
		sources = append(sources, flowSource{prog.peer, process, conn, pb.NewSourceClient(conn)})
	}
	return sources, stop, nil
}
