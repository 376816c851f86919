//go:build !unix

package isolate

import (
	"errors"
	"os"
)

// inherited fails: processes inherit no descriptors by number here.
func inherited(int) ([]*os.File, error) { return nil, errors.ErrUnsupported }
