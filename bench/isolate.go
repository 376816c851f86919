package main

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/bench/compute/kernels"
	"github.com/cofaas/cofaas/bench/compute/pb"
)

// isolateSetups are those whose calls are compared.
var isolateSetups = []string{"tcp", "native", "sleeping", "wasm", "mixed", "reverse"}

// isolateJob is what callers do, for figures isolate_WHAT_NAME_SETUP.
type isolateJob struct {
	name, title string
	// callers is how many call at a time; 1 is measured by the time of a call, more by what they do per second.
	callers, bytes int
	stream         bool
	// compute is how long handlers do, natively.
	compute time.Duration
}

// isolateJobs are those with one caller, and those at saturation.
var isolateJobs = []isolateJob{
	{name: "1k", title: "call of 1 KB, one caller", callers: 1, bytes: 1 << 10},
	{name: "512k", title: "call of 512 KB, one caller", callers: 1, bytes: 512 << 10},
	{name: "1k", title: "calls of 1 KB", callers: saturated, bytes: 1 << 10},
	{name: "512k", title: "calls of 512 KB", callers: saturated, bytes: 512 << 10},
	{name: "20us", title: "calls that compute 20 us", callers: saturated, bytes: 1 << 10, compute: 20 * time.Microsecond},
	{name: "stream", title: "messages of 1 KB in a stream", callers: 1, bytes: 1 << 10, stream: true},
}

// saturated is how many callers there are at saturation.
const saturated = 16

// isolates measures calls and messages from one function to another on the same processors, natively over TCP and by placement:
//
//	isolate_call_JOB_SETUP        median of the time of a call, nanoseconds
//	isolate_p99_JOB_SETUP         its 99th percentile
//	isolate_cpu_JOB_SETUP         processor time of all processes per call
//	isolate_throughput_JOB_SETUP  calls or messages per second
func (b *bench) isolates(ctx context.Context) error {
	if err := b.buildCompute(ctx); err != nil {
		return err
	}
	cores, err := processors()
	if err != nil {
		return err
	}
	pairs, stop, err := b.startPairs(ctx, cores[:min(b.cores, len(cores))], isolateSetups...)
	if err != nil {
		return err
	}
	defer stop()
	for _, job := range isolateJobs {
		b.progress("isolates: %s", job.title)
		if err := b.isolatesOf(ctx, pairs, job); err != nil {
			return err
		}
	}
	return nil
}

// isolatesOf measures one job in all setups by turns.
func (b *bench) isolatesOf(ctx context.Context, pairs []*pair, job isolateJob) error {
	rounds, slice := 21, 400*time.Millisecond
	if b.quick {
		rounds, slice = 3, 100*time.Millisecond
	}
	var jobs []*pb.Job
	todo := job.job()
	for _, p := range pairs {
		j, err := lasting(ctx, p, todo, slice)
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	var p99, cpu, rate = make([][]float64, len(pairs)), make([][]float64, len(pairs)), make([][]float64, len(pairs))
	p50, err := alternate(ctx, len(pairs), rounds, func(ctx context.Context, i int) ([]float64, error) {
		m, used, err := pairs[i].run(ctx, jobs[i])
		if err != nil {
			return nil, err
		}
		p99[i] = append(p99[i], float64(m.GetP99()))
		cpu[i] = append(cpu[i], used)
		rate[i] = append(rate[i], float64(jobs[i].GetCalls())/float64(m.GetNanoseconds())*1e9)
		return []float64{float64(m.GetP50())}, nil
	})
	if err != nil {
		return err
	}
	for i, p := range pairs {
		name := job.name + "_" + p.name
		if job.callers == 1 && !job.stream {
			b.add("isolate_call_"+name, "ns", p50[i])
			b.add("isolate_p99_"+name, "ns", p99[i][warmRounds:])
			b.add("isolate_cpu_"+name, "ns", cpu[i][warmRounds:])
			continue
		}
		b.add("isolate_throughput_"+name, "calls/s", rate[i][warmRounds:])
		b.add("isolate_throughput_cpu_"+name, "ns", cpu[i][warmRounds:])
	}
	return nil
}

// job is what the caller is asked to do.
func (j isolateJob) job() *pb.Job {
	job := &pb.Job{Callers: int64(j.callers), Bytes: int64(j.bytes), Stream: j.stream}
	if j.compute > 0 {
		job.Work = &pb.Work{Kernel: "recursion", N: int64(amountFor(kernels.All["recursion"], j.compute))}
	}
	return job
}

// lasting returns a job with as many calls as take about as long as a slice in a setup.
func lasting(ctx context.Context, p *pair, job *pb.Job, slice time.Duration) (*pb.Job, error) {
	job = proto.CloneOf(job)
	for job.Calls = 8 * job.GetCallers(); ; job.Calls *= 4 {
		m, _, err := p.run(ctx, job)
		if err != nil {
			return nil, err
		}
		if took := time.Duration(m.GetNanoseconds()); took >= slice/4 {
			job.Calls = max(job.GetCallers(), int64(float64(job.GetCalls())*float64(slice)/float64(took)))
			return job, nil
		}
	}
}
