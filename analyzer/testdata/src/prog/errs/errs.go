// Package errs makes status errors.
package errs

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func NotFound(name string) error { return status.Error(codes.NotFound, name) }
