package grpc

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	isc "github.com/cofaas/cofaas/stubs/grpc/internal/serviceconfig"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// retrier decides whether unary calls are made again, by gRFC A6.
type retrier struct {
	policy   *isc.RetryPolicy // nil for no retries
	most     int              // attempts
	throttle *retryThrottle
	retries  int
	backoffs int // retries since the server last said when to come back
}

// defaultMaxAttempts is the limit of attempts, unless WithMaxCallAttempts has another.
const defaultMaxAttempts = 5

// newRetrier returns the retrier of a call. Calls that have a route may leave the host, which then retries them.
func (cc *ClientConn) newRetrier(imp importedMethod, mc *MethodConfig) *retrier {
	r := &retrier{most: defaultMaxAttempts}
	if cc.opts.maxAttempts >= 2 {
		r.most = cc.opts.maxAttempts
	}
	if cc.config != nil {
		r.throttle = cc.config.throttle
	}
	if _, routed := imp.(routedImport); !routed && !cc.opts.noRetry {
		r.policy = mc.RetryPolicy
	}
	return r
}

// next waits for the time of the next attempt and returns nil, or it returns the error of the call. err is that of the last attempt,
// which had no header.
func (r *retrier) next(ctx context.Context, trailer metadata.MD, err error) error {
	if r.policy == nil {
		return err
	}
	pause, pushback, ok := pushbackOf(trailer)
	if !ok {
		r.throttle.failed()
		return err
	}
	switch {
	case !r.policy.RetryableStatusCodes[status.Code(err)]:
		return err
	case r.throttle.failed():
		return err
	case r.retries+1 >= min(r.policy.MaxAttempts, r.most):
		return fmt.Errorf("max retries exhausted: failed after %d attempts: %w", r.retries+1, err)
	}
	if pushback {
		r.backoffs = 0
	} else {
		backoff := float64(r.policy.InitialBackoff) * math.Pow(r.policy.BackoffMultiplier, float64(r.backoffs))
		pause = time.Duration(min(backoff, float64(r.policy.MaxBackoff)) * (0.8 + 0.4*rand.Float64()))
		r.backoffs++
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		r.retries++
		return nil
	case <-ctx.Done():
		return toRPCError(ctx.Err())
	}
}

// pushbackOf returns when the server wants to be called again, if it says. It is not ok for it not to be called.
func pushbackOf(trailer metadata.MD) (pause time.Duration, said, ok bool) {
	values := trailer["grpc-retry-pushback-ms"]
	if len(values) == 0 {
		return 0, false, true
	}
	ms, err := strconv.Atoi(values[0])
	if len(values) > 1 || err != nil || ms < 0 {
		return 0, true, false
	}
	return time.Duration(ms) * time.Millisecond, true, true
}

// retryThrottle keeps the calls on a connection from being retried when many fail. nil is no throttle.
type retryThrottle struct {
	max, ratio float64

	mu     sync.Mutex
	tokens float64
}

// failed takes note of a failure, and reports whether it is one too many.
func (t *retryThrottle) failed() bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens = max(t.tokens-1, 0)
	return t.tokens <= t.max/2
}

// succeeded takes note of a success.
func (t *retryThrottle) succeeded() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tokens = min(t.tokens+t.ratio, t.max)
}
