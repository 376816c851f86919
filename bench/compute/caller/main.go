// Command caller serves compute.v1.Caller by calling compute.v1.Worker.
package main

//go:generate go tool cofaas-gen -place wasm,native

import (
	"cmp"
	"context"
	"errors"
	"log"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/bench/compute/pb"
)

func main() {
	conn, err := grpc.NewClient(cmp.Or(os.Getenv("WORKER_ADDRESS"), "127.0.0.1:50262"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50261"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterCallerServer(server, &caller{worker: pb.NewWorkerClient(conn)})
	log.SetFlags(0)
	log.Printf("caller: listening on %s", lis.Addr())
	log.Fatal(server.Serve(lis))
}

type caller struct {
	pb.UnimplementedCallerServer
	worker pb.WorkerClient
}

// Run does a job and says how long it has taken.
func (c *caller) Run(_ context.Context, job *pb.Job) (*pb.Measure, error) {
	if job.GetCalls() < 1 || job.GetCallers() < 1 || job.GetBytes() < 0 {
		return nil, status.Error(codes.InvalidArgument, "want calls and callers of at least 1, and bytes of at least 0")
	}
	work := &pb.Work{}
	if job.GetWork() != nil {
		work = proto.CloneOf(job.GetWork())
	}
	work.Data = make([]byte, job.GetBytes())
	// Not the context of the call, whose deadline would be that of the calls.
	ctx := context.Background()
	if job.GetStream() {
		return c.stream(ctx, job, work)
	}
	return c.calls(ctx, job, work)
}

// share is what one of several callers has measured.
type share struct {
	times  []int64
	kernel int64
	sum    uint64
	err    error
}

func (c *caller) calls(ctx context.Context, job *pb.Job, work *pb.Work) (*pb.Measure, error) {
	shares := make([]share, job.GetCallers())
	var group sync.WaitGroup
	begin := time.Now()
	for i := range shares {
		s := &shares[i]
		n := job.GetCalls() / job.GetCallers()
		if int64(i) < job.GetCalls()%job.GetCallers() {
			n++
		}
		s.times = make([]int64, n)
		group.Go(func() { s.err = c.call(ctx, s, work) })
	}
	group.Wait()
	out := &pb.Measure{Nanoseconds: time.Since(begin).Nanoseconds()}
	var times []int64
	var errs []error
	for _, s := range shares {
		times = append(times, s.times...)
		out.Kernel += s.kernel
		out.Sum += s.sum
		errs = append(errs, s.err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.Sort(times)
	out.P50, out.P99 = times[len(times)/2], times[len(times)*99/100]
	return out, nil
}

// call makes the calls of one caller.
func (c *caller) call(ctx context.Context, s *share, work *pb.Work) error {
	last := time.Now()
	for i := range s.times {
		done, err := c.worker.Do(ctx, work)
		if err != nil {
			return err
		}
		now := time.Now()
		s.times[i] = now.Sub(last).Nanoseconds()
		last = now
		s.kernel += done.GetNanoseconds()
		s.sum += done.GetSum()
	}
	return nil
}

// stream sends messages.
func (c *caller) stream(ctx context.Context, job *pb.Job, work *pb.Work) (*pb.Measure, error) {
	begin := time.Now()
	stream, err := c.worker.Take(ctx)
	if err != nil {
		return nil, err
	}
	for range job.GetCalls() {
		if err := stream.Send(work); err != nil {
			return nil, err
		}
	}
	done, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return &pb.Measure{Nanoseconds: time.Since(begin).Nanoseconds(), Sum: done.GetSum()}, nil
}
