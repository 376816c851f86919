package host

import (
	"slices"
	"time"
)

const (
	// A process that ends is started again at once, and if it ends again before it has served for healthyAfter, after a pause that
	// doubles each time.
	healthyAfter = 10 * time.Second
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// keep keeps one isolate running until the host stops.
func (n *native) keep() {
	var pause time.Duration
	for first := true; ; first = false {
		began := time.Now()
		iso, err := n.start()
		if err == nil {
			n.change(func() {
				n.starting--
				n.setServing(append(slices.Clone(n.isolates()), iso))
			})
			n.joinPeers(iso)
		}
		if first {
			n.first <- err
			if err != nil {
				n.change(func() { n.starting, n.last = n.starting-1, err })
				return // and with it the host
			}
		}
		if err == nil {
			<-iso.gone
			err = iso.err
		} else {
			n.change(func() { n.starting-- })
		}
		if time.Since(began) >= healthyAfter {
			pause = 0
		}
		n.change(func() {
			n.last = err
			n.setServing(slices.DeleteFunc(slices.Clone(n.isolates()), func(other *isolate) bool { return other == iso }))
			if pause == 0 {
				n.starting++
			}
		})
		if n.ctx.Err() != nil {
			return
		}
		n.fn.host.log.Error("a process ended and is replaced", "function", n.fn.name, "error", err, "pause", pause)
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-n.ctx.Done():
				return
			}
			n.change(func() { n.starting++ })
		}
		pause = min(max(2*pause, firstPause), longestPause)
	}
}

// setServing sets the isolates that serve. The caller holds mu.
func (n *native) setServing(list []*isolate) { n.serving.Store(&list) }
