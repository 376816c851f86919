// Package act carries out orders, in either function of the pair.
package act

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/e2e/apps/pair/pb"
)

// Do carries out an order.
func Do(ctx context.Context, o *pb.Order) (*pb.Report, error) {
	report := &pb.Report{Id: o.Id, Payload: o.Payload, Text: o.Text}
	switch o.What {
	case "report":
		report.Metadata = Metadata(ctx)
		if deadline, ok := ctx.Deadline(); ok {
			report.HasDeadline, report.RemainingMs = true, time.Until(deadline).Milliseconds()
		}
		return report, nil
	case "panic":
		panic("told to panic: " + o.Text)
	case "nil pointer":
		var p *pb.Report
		p.Id = 1
		return p, nil
	case "exit":
		fmt.Fprintln(os.Stderr, "exiting:", o.Text)
		os.Exit(int(o.Code))
	case "error":
		return nil, errors.New(o.Text)
	case "status":
		return nil, status.Error(codes.Code(o.Code), o.Text)
	case "wrapped":
		return nil, fmt.Errorf("wrapped: %w", status.Error(codes.Code(o.Code), o.Text))
	case "details":
		st, err := status.New(codes.Code(o.Code), o.Text).WithDetails(report, o, &pb.Nothing{})
		if err != nil {
			return nil, err
		}
		return nil, st.Err()
	case "context":
		return nil, context.DeadlineExceeded
	case "nothing":
		return nil, nil
	case "bad text":
		report.Text = "\xff\xfe"
		return report, nil
	case "header":
		if err := grpc.SetHeader(ctx, metadata.Pairs("x-header", o.Text, "x-bin", "\x00\xff")); err != nil {
			return nil, err
		}
		if err := grpc.SendHeader(ctx, metadata.Pairs("x-header", "second")); err != nil {
			return nil, err
		}
		if err := grpc.SetTrailer(ctx, metadata.Pairs("x-trailer", o.Text)); err != nil {
			return nil, err
		}
		if o.Code != 0 {
			return nil, status.Error(codes.Code(o.Code), "after the trailer")
		}
		return report, nil
	case "sleep":
		if o.Text != "" { // so that others know that it has begun
			fmt.Fprintln(os.Stderr, "sleeping:", o.Text)
		}
		select {
		case <-time.After(time.Duration(o.Code) * time.Millisecond):
			return report, nil
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	case "goroutines":
		// The answer is put together by goroutines that exchange it.
		parts := make(chan byte)
		var wait sync.WaitGroup
		wait.Go(func() {
			for _, b := range []byte(o.Text) {
				parts <- b
				runtime.Gosched()
			}
			close(parts)
		})
		var text []byte
		for b := range parts {
			text = append(text, b)
		}
		wait.Wait()
		report.Text = string(text)
		return report, nil
	case "log":
		for i := range o.Code {
			fmt.Fprintf(os.Stderr, "line %d: %s\n", i, o.Text)
		}
		fmt.Println("on stdout:", o.Text)
		return report, nil
	case "environment":
		report.Text = os.Getenv(o.Text)
		return report, nil
	case "arguments":
		report.Text = fmt.Sprintf("%q", os.Args[1:])
		return report, nil
	case "grow":
		var keep [][]byte
		for range o.Code {
			keep = append(keep, make([]byte, 1<<20))
		}
		report.Text = fmt.Sprint(len(keep))
		return report, nil
	}
	return nil, status.Errorf(codes.Unimplemented, "no such order: %q", o.What)
}

// Metadata lists the request's metadata that is ours.
func Metadata(ctx context.Context) []string {
	md, _ := metadata.FromIncomingContext(ctx)
	return List(md)
}

// List lists metadata that is ours.
func List(md metadata.MD) (out []string) {
	for k, values := range md {
		if !strings.HasPrefix(k, "x-") {
			continue
		}
		for i, v := range values {
			out = append(out, fmt.Sprintf("%s[%d]=%q", k, i, v))
		}
	}
	slices.Sort(out)
	return out
}
