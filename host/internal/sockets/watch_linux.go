package sockets

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// watcher tells a socket of changes in its readiness. It has them of the Go runtime's poller: for each direction that was waited for, a
// goroutine is parked there. They are edges, and cost no system call.
type watcher struct {
	file   *os.File // owns the descriptor
	raw    syscall.RawConn
	closed atomic.Bool
}

// newWatcher takes a descriptor, which does not block. It closes it if it fails.
func newWatcher(fd int) (*watcher, error) {
	w := &watcher{file: os.NewFile(uintptr(fd), "socket")}
	var err error
	if w.raw, err = w.file.SyscallConn(); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// watch calls changed at every edge of a direction until the watcher is closed. Edges are forgotten until it begins, so that it calls begin
// then, which finds out whether the direction is ready. Neither is called after the descriptor was closed.
func (w *watcher) watch(d direction, begin, changed func()) {
	wait := w.raw.Read
	if d == writing {
		wait = w.raw.Write
	}
	for !w.closed.Load() {
		next := begin
		// As the function is never done, the runtime remembers edges that come while it runs.
		_ = wait(func(uintptr) bool {
			next()
			next = changed
			return false
		})
		// Unless it was closed, the runtime cannot watch it, for want of memory, or for now as there is only an error to report. That there
		// may be news now and then is all that can be said.
		if !w.closed.Load() {
			time.Sleep(unwatchedInterval)
			changed()
		}
	}
}

// unwatchedInterval is how often a socket that cannot be watched is looked at.
const unwatchedInterval = 10 * time.Millisecond

// close closes the descriptor, once the goroutines that watch it were told.
func (w *watcher) close() {
	w.closed.Store(true)
	// Linux closes a descriptor whatever the result, which is about what was written to files.
	_ = w.file.Close()
}
