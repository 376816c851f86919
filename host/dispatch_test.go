package host

import (
	"sync"
	"testing"
	"time"
)

// Calls are long when they are so on average, and short again when they are clearly so.
func TestPace(t *testing.T) {
	var p pace
	add := func(d time.Duration, times int, want bool) {
		t.Helper()
		for range times {
			p.add(d)
		}
		if p.isLong.Load() != want {
			t.Errorf("after %d calls of %v: long is %v, on an average of %v", times, d, !want, time.Duration(p.average.Load()))
		}
	}
	add(time.Microsecond, 100, false)
	add(time.Millisecond, 1, false) // one is none
	add(time.Millisecond, 3, true)
	add(100*time.Microsecond, 100, true) // between the two
	add(0, 100, false)
	add(150*time.Microsecond, 100, false)
	add(time.Hour, 1, true)
	p = pace{}
	add(time.Second, 1, true) // the first is all that is known
}

// The first call is timed, and then one in a few of each caller.
func TestPace_shouldTime(t *testing.T) {
	var p pace
	caller, other := &instance{}, &instance{}
	if !p.shouldTime(caller) || !p.shouldTime(other) {
		t.Error("nothing is known, and the call is not timed")
	}
	p.add(0) // too short to measure is not unknown
	timed := 0
	for range 10 * sampled {
		if p.shouldTime(caller) {
			timed++
		}
	}
	if timed != 10 {
		t.Errorf("%d of %d calls are timed", timed, 10*sampled)
	}
}

func TestPace_concurrent(t *testing.T) {
	var p pace
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				p.add(longCall * 2)
			}
		})
	}
	group.Wait()
	if !p.isLong.Load() {
		t.Errorf("the average is %v", time.Duration(p.average.Load()))
	}
}

// The metadata of a call are in a buffer of the caller's, unless the caller goes on before the call is over.
func TestCallContext_own(t *testing.T) {
	buffer := []byte("metadata")
	cc := callContext{depth: 3, deadline: 7, meta: buffer, waitsForReady: true}
	own := cc.own()
	copy(buffer, "changed!")
	if own.depth != 3 || own.deadline != 7 || !own.waitsForReady || string(own.meta) != "metadata" {
		t.Errorf("got %+v, %q", own, own.meta)
	}
}
