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

// watch watches a direction until the watcher is closed. It calls changed when it begins and at every edge since, and if that returns true, it
// calls told and begins again: edges are forgotten in between. Who closes the descriptor waits for
// changed, which therefore must not wait itself; told may.
func (w *watcher) watch(d direction, changed func(begin bool) bool, told func()) {
	wait := w.raw.Read
	if d == writing {
		wait = w.raw.Write
	}
	for !w.closed.Load() {
		begin, tell := true, false
		// Until the function says that it is done, the runtime remembers edges that come while it runs.
		err := wait(func(uintptr) bool {
			tell = changed(begin)
			begin = false
			return tell
		})
		if err != nil && !w.closed.Load() {
			// The runtime cannot watch it, for want of memory, or for now as there is only an error to report. Nor is it known to be open.
			time.Sleep(unwatchedInterval)
			tell = changed(false)
		}
		if tell {
			told()
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
