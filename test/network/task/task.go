package task

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/network/pb"
)

// Func does a task. What it expects to fail, it reports; what it returns is a failure of the test.
type Func func(ctx context.Context, r *Report, args []string) error

// Set has a function's tasks, by name.
type Set map[string]Func

// Do does the task that is asked for.
func (s Set) Do(ctx context.Context, in *pb.Task) (*pb.Outcome, error) {
	do := s[in.GetName()]
	if do == nil {
		return nil, status.Errorf(codes.Unimplemented, "no such task: %q", in.GetName())
	}
	var r Report
	if err := do(ctx, &r, in.GetArgs()); err != nil {
		return nil, status.Errorf(codes.Aborted, "%s: %v", in.GetName(), err)
	}
	return &pb.Outcome{Lines: r.lines, Nanoseconds: int64(r.took)}, nil
}

// Report collects what came of a task. One goroutine may use it at a time.
type Report struct {
	lines []string
	took  time.Duration
}

// Addf adds a line.
func (r *Report) Addf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

// Failure adds a line about an error that has to be, or nil where that is wrong.
func (r *Report) Failure(what string, err error) { r.Addf("%s: %s", what, Describe(err)) }

// Took says how long what was measured took.
func (r *Report) Took(d time.Duration) { r.took = d }
