package backend

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/grpc/metadata"
)

// record collects what interceptors and stats handlers see of one call.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) add(line string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

func (r *record) get() []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

type (
	traceKey  struct{}
	eventsKey struct{}
)

func traceOf(ctx context.Context) *record {
	r, _ := ctx.Value(traceKey{}).(*record)
	return r
}

func eventsOf(ctx context.Context) *record {
	r, _ := ctx.Value(eventsKey{}).(*record)
	return r
}

// LedgerKey is metadata that names the lines of the ledger under which interceptors and stats handlers put the end of a call.
const LedgerKey = "x-ledger"

// ended leaves a line in the ledger, if the call has asked for that.
func (l *ledger) ended(ctx context.Context, prefix, line string) {
	if keys := metadata.ValueFromIncomingContext(ctx, LedgerKey); len(keys) > 0 {
		l.add(prefix+keys[0], line)
	}
}
