// Package envconfig has signatures of the library of this path.
package envconfig

import (
	"context"
)

type Mutator interface{}

func Process(ctx context.Context, i any, mus ...Mutator) error { return nil }
