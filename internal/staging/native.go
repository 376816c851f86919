package staging

import (
	"cmp"
	"context"
)

// pureTags have the standard library do without cgo although others use it: a native program looks names up by itself, over sockets that the
// host knows of, and can be linked statically.
var pureTags = []string{"netgo", "osusergo"}

// buildNative links statically, so that a program needs nothing of the machine that it runs on. Only with cgo it may not be possible, when a
// library of C is there to be loaded only: then it is linked as it can be.
func (s *Stage) buildNative(ctx context.Context, out string, opts *BuildOptions) error {
	toolchain := &toolchain{command: "go", env: s.env}
	ldflags := cmp.Or(opts.LDFlags, defaultLDFlags)
	if s.platform.Cgo && s.platform.GOOS == "linux" {
		if s.goBuild(ctx, toolchain, out, ldflags+" -linkmode=external -extldflags=-static") == nil || ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return s.goBuild(ctx, toolchain, out, ldflags)
}
