package host

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/internal/sandbox"
)

// native is the place of a function that runs in processes of its own, its isolates. It answers calls in wire bytes, each by the isolate
// that has the fewest. It is safe for concurrent use.
type native struct {
	fn *function
	// processes is how many isolates there are to be.
	processes int
	program   *os.File
	network   *sandbox.Network
	// ctx is done when the isolates are to stop; runs counts the goroutines that keep them.
	ctx  context.Context
	stop context.CancelFunc
	runs sync.WaitGroup
	// serving are the isolates that do. It is written with mu held.
	serving atomic.Pointer[[]*isolate]
	// first has how the first start of each process ended.
	first chan error

	mu sync.Mutex
	// changed is closed, and another takes its place, when calls that wait have to look again.
	changed chan struct{}
	// starting is how many isolates are on their way, or ending and perhaps replaced at once, which calls wait for.
	starting int
	// last is why the last isolate that ended did.
	last    error
	stopped bool
}

func newNative(f *function, processes int) *native {
	n := &native{fn: f, processes: processes, first: make(chan error, processes), changed: make(chan struct{})}
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.serving.Store(new([]*isolate))
	return n
}

// launch begins to start the isolates.
func (n *native) launch() error {
	code, err := n.fn.host.app.nativeProgram(n.fn.name)
	if err != nil {
		return err
	}
	if n.program, err = sandbox.NewProgram(n.fn.name, code); err != nil {
		return err
	}
	f := n.fn
	n.network = sandbox.NewNetwork(sandbox.NetworkConfig{Function: f.name, Policy: f.host.networkOf(f.name), Log: f.host.log})
	n.starting = n.processes
	for range n.processes {
		n.runs.Go(n.keep)
	}
	return nil
}

// awaitStart waits until all isolates serve for the first time.
func (n *native) awaitStart(ctx context.Context) error {
	for range n.processes {
		select {
		case err := <-n.first:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("function %s: main does not serve: %w", n.fn.name, ctx.Err())
		}
	}
	return nil
}

// isServing says whether there is an isolate that does.
func (n *native) isServing() bool { return len(*n.serving.Load()) > 0 }

// acquire returns the isolate for the next call, which the caller gives back with release. If there is none, the call waits for one that is
// on its way, as calls over a connection that is being made do, or, if it waits for servers to be ready, for any; else it fails.
func (n *native) acquire(ctx context.Context, waitsForReady bool) (*isolate, *status.Status) {
	for {
		if iso := leastBusy(*n.serving.Load()); iso != nil {
			select {
			case <-iso.conn.Done():
				<-iso.removed
				continue
			default:
				iso.serves.Add(1)
				return iso, nil
			}
		}
		changed, st := n.mayWait(waitsForReady)
		if st != nil {
			return nil, st
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err())
		}
	}
}

func leastBusy(isolates []*isolate) (least *isolate) {
	for _, iso := range isolates {
		if least == nil || iso.serves.Load() < least.serves.Load() {
			least = iso
		}
	}
	return least
}

// mayWait returns what a call waits for that has found no isolate, or how it fails.
func (n *native) mayWait(waitsForReady bool) (<-chan struct{}, *status.Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.isServing():
		closed := make(chan struct{})
		close(closed)
		return closed, nil
	case n.stopped:
		return nil, callError(n.fn.name, errStopped)
	case n.starting > 0 || waitsForReady:
		return n.changed, nil
	default:
		st := callError(n.fn.name, n.last)
		return nil, status.Newf(codes.Unavailable, "%s; it is going to be started again", st.Message())
	}
}

// change changes what calls look at that wait.
func (n *native) change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	close(n.changed)
	n.changed = make(chan struct{})
}

// isolates are those that serve, which the caller does not change.
func (n *native) isolates() []*isolate { return *n.serving.Load() }

// close ends all isolates. There is a moment for them to end by themselves.
func (n *native) close() {
	n.change(func() { n.stopped = true })
	n.stop()
	n.runs.Wait()
	if n.program == nil {
		return
	}
	n.network.Close()
	sandbox.CloseProgram(n.program)
}

// errBroken is the end of a call whose isolate has ended, in the words of grpc-go for a connection that broke.
func errBroken() *status.Status {
	return status.New(codes.Unavailable, "error reading from server: EOF")
}
