package host

import (
	"slices"
	"time"
)

// restartPauses say when a process that ends is started again: at once, and if it ends again within healthyAfter of its start, after a pause
// that doubles each time.
type restartPauses struct{ healthyAfter, first, longest time.Duration }

var defaultPauses = restartPauses{10 * time.Second, 100 * time.Millisecond, 10 * time.Second}

// keep keeps one isolate running until the host stops.
func (n *native) keep() {
	pauses := &n.fn.host.opts.restart
	var pause time.Duration
	for first := true; n.ctx.Err() == nil; first = false {
		began := time.Now()
		iso, err := n.start()
		if err == nil {
			n.enlist(iso)
		}
		if first {
			n.first <- err
		}
		if err == nil {
			n.serve(iso)
			<-iso.gone
			err = iso.err
		}
		if time.Since(began) >= pauses.healthyAfter {
			pause = 0
		}
		if n.ctx.Err() != nil || first && err != nil && iso == nil {
			n.change(func() { n.starting, n.last = n.starting-1, err })
			return // if it is the first that does not start, the host does not
		}
		n.fn.host.log.Error("a process ended and is replaced", "function", n.fn.name, "error", err, "pause", pause)
		n.pause(pause, err)
		pause = min(max(2*pause, pauses.first), pauses.longest)
	}
}

// enlist has an isolate called. It counts among those that are on their way until then.
func (n *native) enlist(iso *isolate) {
	n.change(func() {
		n.starting--
		n.setServing(append(slices.Clone(n.isolates()), iso))
	})
}

// serve waits until an isolate is down. Then it counts among those that are on their way again.
func (n *native) serve(iso *isolate) {
	n.joinPeers(iso)
	<-iso.down
	n.change(func() {
		n.starting++
		n.setServing(slices.DeleteFunc(slices.Clone(n.isolates()), func(other *isolate) bool { return other == iso }))
	})
	close(iso.removed)
}

// pause waits before an isolate is replaced, which is not on its way meanwhile.
func (n *native) pause(d time.Duration, why error) {
	if d == 0 {
		return
	}
	n.change(func() { n.starting, n.last = n.starting-1, why })
	waitAtMost(d, n.ctx.Done())
	n.change(func() { n.starting++ })
}

// setServing sets the isolates that serve. The caller holds mu.
func (n *native) setServing(list []*isolate) { n.serving.Store(&list) }
