package backend

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// failure says whether a step asks for an error, and which: nil for code OK.
func failure(o *pb.Order, s *pb.Step) (bool, error) {
	switch s.Op {
	case pb.Step_FAIL:
		return true, status.Error(codes.Code(s.N), s.Text)
	case pb.Step_FAIL_DETAILS:
		st, err := status.New(codes.Code(s.N), s.Text).WithDetails(o, &pb.Fact{Name: "detail", Value: s.Text})
		if err != nil {
			return true, err
		}
		return true, st.Err()
	case pb.Step_FAIL_PLAIN:
		return true, errors.New(s.Text)
	case pb.Step_FAIL_WRAPPED:
		return true, fmt.Errorf("wrapped: %w", status.Error(codes.Code(s.N), s.Text))
	case pb.Step_FAIL_CONTEXT:
		switch s.N {
		case 0:
			return true, context.Canceled
		case 1:
			return true, context.DeadlineExceeded
		}
		return true, fmt.Errorf("wrapped: %w", context.DeadlineExceeded)
	case pb.Step_FAIL_CUSTOM:
		return true, customError{codes.Code(s.N), s.Text}
	case pb.Step_FAIL_EOF:
		return true, io.EOF
	}
	return false, nil
}

// customError says its status without being one.
type customError struct {
	code codes.Code
	text string
}

func (e customError) Error() string              { return "custom: " + e.text }
func (e customError) GRPCStatus() *status.Status { return status.New(e.code, e.text) }
