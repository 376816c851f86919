// Command source serves flow.v1.Source by calling flow.v1.Sink.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/bench/flow/pb"
)

func main() {
	conn, err := grpc.NewClient(cmp.Or(os.Getenv("SINK_ADDRESS"), "127.0.0.1:50252"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50251"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterSourceServer(server, &source{sink: pb.NewSinkClient(conn)})
	log.SetFlags(0)
	log.Printf("source: listening on %s", lis.Addr())
	log.Fatal(server.Serve(lis))
}

type source struct {
	pb.UnimplementedSourceServer
	sink pb.SinkClient
}

// Run does a job and says how long it has taken.
func (s *source) Run(_ context.Context, job *pb.Job) (*pb.Measure, error) {
	kinds := map[pb.Kind]func(context.Context, *pb.Job) error{
		pb.Kind_KIND_UNARY:         s.unary,
		pb.Kind_KIND_UNARY_CONTEXT: s.unaryContext,
		pb.Kind_KIND_UNARY_FRESH:   s.unaryFresh,
		pb.Kind_KIND_COLLECT:       s.collect,
		pb.Kind_KIND_EMIT:          s.emit,
		pb.Kind_KIND_PING_PONG:     s.pingPong,
		pb.Kind_KIND_ECHO:          s.echo,
	}
	run := kinds[job.Kind]
	if run == nil {
		return nil, status.Errorf(codes.InvalidArgument, "there is no job of kind %v", job.Kind)
	}
	begin := time.Now()
	// Not the context of the call, whose deadline would be that of the calls.
	if err := run(context.Background(), job); err != nil {
		return nil, err
	}
	return &pb.Measure{Nanoseconds: time.Since(begin).Nanoseconds()}, nil
}

func chunk(job *pb.Job) *pb.Chunk { return &pb.Chunk{Data: make([]byte, job.Bytes)} }

func (s *source) unary(ctx context.Context, job *pb.Job) error {
	in := chunk(job)
	for range job.N {
		if _, err := s.sink.Take(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

func withContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "x-request-id", "0123456789abcdef"), time.Minute)
}

func (s *source) unaryContext(ctx context.Context, job *pb.Job) error {
	ctx, cancel := withContext(ctx)
	defer cancel()
	return s.unary(ctx, job)
}

func (s *source) unaryFresh(ctx context.Context, job *pb.Job) error {
	in := chunk(job)
	for range job.N {
		ctx, cancel := withContext(ctx)
		_, err := s.sink.Take(ctx, in)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *source) collect(ctx context.Context, job *pb.Job) error {
	stream, err := s.sink.Collect(ctx)
	if err != nil {
		return err
	}
	in := chunk(job)
	for range job.N {
		if err := stream.Send(in); err != nil {
			return err
		}
	}
	sum, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	return check(job, sum.Chunks, sum.Bytes)
}

func (s *source) emit(ctx context.Context, job *pb.Job) error {
	stream, err := s.sink.Emit(ctx, &pb.Order{Chunks: job.N, Bytes: job.Bytes})
	if err != nil {
		return err
	}
	return receive(job, stream)
}

func (s *source) pingPong(ctx context.Context, job *pb.Job) error {
	stream, err := s.sink.Echo(ctx)
	if err != nil {
		return err
	}
	in := chunk(job)
	for range job.N {
		if err := stream.Send(in); err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("the stream ends with %v", err)
	}
	return nil
}

func (s *source) echo(ctx context.Context, job *pb.Job) error {
	stream, err := s.sink.Echo(ctx)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		in := chunk(job)
		for range job.N {
			if err := stream.Send(in); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	return errors.Join(receive(job, stream), <-sent)
}

// receive receives all messages of a job.
func receive(job *pb.Job, stream grpc.ServerStreamingClient[pb.Chunk]) error {
	var chunks, bytes int64
	for {
		out, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return check(job, chunks, bytes)
		}
		if err != nil {
			return err
		}
		chunks++
		bytes += int64(len(out.Data))
	}
}

func check(job *pb.Job, chunks, bytes int64) error {
	if chunks != job.N || bytes != job.N*job.Bytes {
		return fmt.Errorf("%d messages with %d bytes have arrived of %d with %d", chunks, bytes, job.N, job.N*job.Bytes)
	}
	return nil
}
