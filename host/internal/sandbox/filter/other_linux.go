//go:build !amd64 && !arm64

package filter

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// New returns the program of a filter.
func New(Config) ([]unix.SockFilter, error) {
	return nil, fmt.Errorf("no filter of system calls is known for %s: %w", runtime.GOARCH, errors.ErrUnsupported)
}
