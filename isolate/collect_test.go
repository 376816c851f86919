package isolate

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestCollectorPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 800, 1: 800, 1 << 20: 800, 3 << 20: 800, 4 << 20: 700, 10 << 20: 200, 16 << 20: 100, 1 << 30: 100, 1 << 62: 100} {
		if got := collectorPercent(live); got != want {
			t.Errorf("of %d bytes: %d, want %d", live, got, want)
		}
	}
}

// percent is what the collector's percentage is now.
func percent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

func TestPaceCollector(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(usualPercent))
	eventually := func(what string, want int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); percent() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: it is %d, and not %d", what, percent(), want)
			}
			runtime.GC()
		}
	}
	t.Setenv("GOGC", "100")
	paceCollector()
	if got := percent(); got != usualPercent {
		t.Errorf("it is %d where the operator has set it", got)
	}
	p := &pacer{percent: usualPercent}
	if !p.set(mostPercent) {
		t.Fatal("it is not set")
	}
	p.await()
	if got := percent(); got != mostPercent {
		t.Errorf("it begins with %d", got)
	}
	large := make([]byte, 100<<20)
	eventually("with a large heap", usualPercent)
	runtime.KeepAlive(large)
	large = nil
	eventually("when that is free", mostPercent)
	// What the program sets stays, also with a heap for which another would be set.
	debug.SetGCPercent(77)
	large = make([]byte, 100<<20)
	for range 5 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	runtime.KeepAlive(large)
	eventually("the program has set it", 77) // but for the moment in which that is found out
}
