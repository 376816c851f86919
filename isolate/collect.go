package isolate

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A function keeps little between calls and allocates much in them. With so small a heap as that leaves, Go would collect for every 4 MiB of
// messages: a third of the processor time of a stream of small ones went there. So collections wait for a heap of heapFloor, however little
// of it lives, while a heap that is larger by itself is collected as in any program. GOMEMLIMIT, which the host sets, holds all the same.
const (
	heapFloor = 32 << 20
	// usualPercent is what Go has without GOGC, and mostPercent that with which it collects a heap of heapFloor at the earliest.
	usualPercent = 100
	mostPercent  = usualPercent * heapFloor / (4 << 20)
	// percentStep is the least change that is worth stopping the program for.
	percentStep = 25
)

// collectorPercent is the GOGC with which the next collection comes when the heap is as large as heapFloor, of which live bytes live.
func collectorPercent(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	percent := min(mostPercent, int64(heapFloor*100/live)-100)
	return max(usualPercent, int(percent)/percentStep*percentStep)
}

// pacer sets the collector's percentage after each collection, until the program does so itself.
type pacer struct{ percent int }

// paceCollector has collections wait, unless the operator has said when they are to come.
func paceCollector() {
	if _, ok := os.LookupEnv("GOGC"); ok {
		return
	}
	p := &pacer{percent: usualPercent}
	if p.set(mostPercent) {
		p.await()
	}
}

// await has adjust called after the next collection.
func (p *pacer) await() {
	runtime.AddCleanup(new(*pacer), (*pacer).adjust, p)
}

func (p *pacer) adjust() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if p.set(collectorPercent(sample[0].Value.Uint64())) {
		p.await()
	}
}

// set returns false if the program has set the percentage, which remains then.
func (p *pacer) set(percent int) bool {
	if percent == p.percent {
		return true
	}
	if was := debug.SetGCPercent(percent); was != p.percent {
		debug.SetGCPercent(was)
		return false
	}
	p.percent = percent
	return true
}
