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
	file    *os.File // owns the descriptor
	raw     syscall.RawConn
	closed  atomic.Bool
	telling atomic.Int32 // how many goroutines are in changed
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

// watch calls changed at every edge of a direction until the watcher is closed, and before that when it begins, as edges are forgotten until
// then. The descriptor is certainly open only when it begins.
func (w *watcher) watch(d direction, changed func(begin bool)) {
	wait := w.raw.Read
	if d == writing {
		wait = w.raw.Write
	}
	for !w.closed.Load() {
		begin := true
		// As the function is never done, the runtime remembers edges that come while it runs.
		_ = wait(func(uintptr) bool {
			w.telling.Add(1)
			if !w.closed.Load() {
				changed(begin)
			}
			w.telling.Add(-1)
			begin = false
			return false
		})
		if !w.closed.Load() {
			// The runtime cannot watch it, for want of memory, or for now as there is only an error to report. That there may be news now and
			// then is all that can be said.
			time.Sleep(unwatchedInterval)
			changed(false)
		}
	}
}

// unwatchedInterval is how often a socket that cannot be watched is looked at.
const unwatchedInterval = 10 * time.Millisecond

// close closes the descriptor, for which the goroutines that watch it have to end. If one of them is telling somebody, that may take its
// time, even until who closes has gone on; then it is not waited for.
func (w *watcher) close() {
	w.closed.Store(true)
	if w.telling.Load() > 0 {
		go w.closeFile()
		return
	}
	w.closeFile()
}

// closeFile has no result, as Linux closes a descriptor whatever the result, which is about what was written to files.
func (w *watcher) closeFile() { _ = w.file.Close() }
