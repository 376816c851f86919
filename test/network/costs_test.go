package network

import (
	"flag"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	costRounds = flag.Int("costs.rounds", 3, "how often TestCosts measures each; make network-bench takes 15")
	costTicks  = flag.Duration("costs.ticks", 3*time.Second, "how long TestCosts has a ticker tick; make network-bench takes 1m")
	costBars   = flag.Bool("costs.bars", false, "have TestCosts fail when something costs more than it may")
)

// TestCosts measures what networking costs in a guest against natively: both in turn, in the same run, and medians of rounds. It fails for
// costs only when it is told to, as other work on the machine is none of the guests' costs.
func TestCosts(t *testing.T) {
	if list := strings.Split(*modes, ","); !slices.Contains(list, "native") || !slices.Contains(list, "host") {
		t.Skip("-modes says to run only some")
	}
	redis, server, bulk, echo := redisServer(t, 0), newHTTPServer(t, false, time.Hour), bulkServer(t), echoServer(t)
	s := setup{allow: map[string][]string{"store": {redis}, "web": {server.address, bulk, echo}}}
	native, host := start(t, &s, "native"), start(t, &s, "host")
	const moved = 100 << 20
	for _, m := range []struct {
		what, function, task string
		args                 []string
		n                    int
		bar                  float64
	}{
		{"redis GET of 100 B", "store", "redis get", []string{redis, "300"}, 300, 2.5},
		{"HTTP GET, kept connection", "web", "http loop", []string{server.url + "/hello", "200"}, 200, 3},
		{"100 MiB by TCP, received", "web", "bulk", []string{"tcp", bulk, "down", strconv.Itoa(moved)}, 1, 1 / 0.8},
		{"100 MiB by TCP, sent", "web", "bulk", []string{"tcp", bulk, "up", strconv.Itoa(moved)}, 1, 1 / 0.8},
	} {
		var times [2][]float64
		for round := range *costRounds + 1 {
			for i, sys := range []*system{native, host} {
				out, err := sys.try(t.Context(), m.function, m.task, m.args...)
				if err != nil {
					t.Fatalf("%s: %v", m.what, err)
				}
				if round > 0 { // the first warms up
					times[i] = append(times[i], float64(out.Nanoseconds)/float64(m.n))
				}
			}
		}
		a, b := median(times[0]), median(times[1])
		t.Logf("%-28s %12v natively, %12v in a guest: %.2fx (at most %.2fx)", m.what, time.Duration(a), time.Duration(b), b/a, m.bar)
		if *costBars && b/a > m.bar {
			t.Errorf("%s costs %.2f times as much as natively, and may cost %.2f times", m.what, b/a, m.bar)
		}
	}
	t.Run("calls", func(t *testing.T) { calls(t, host, echo) })
	t.Run("ticker", func(t *testing.T) { exactTicker(t, host) })
}

// calls compares calls of a function that has no descriptor, of one that has none any more, and of one that has some.
func calls(t *testing.T, host *system, echo string) {
	const n = 300
	measure := func(function string) float64 {
		begin := time.Now()
		for range n {
			host.look(function, "nothing")
		}
		return float64(time.Since(begin)) / n
	}
	var without, closed, with []float64
	for range *costRounds {
		without = append(without, measure("web"))
		host.look("web", "hold", "tcp", echo, "5")
		with = append(with, measure("web"))
		host.look("web", "release")
		closed = append(closed, measure("web"))
	}
	a, b, c := median(without), median(closed), median(with)
	t.Logf("a call: %v without descriptors, %v when they are closed (%.2fx), %v with five that are idle (%.2fx)",
		time.Duration(a), time.Duration(b), b/a, time.Duration(c), c/a)
	if *costBars && b/a > 1.1 {
		t.Errorf("descriptors that are closed cost %.2fx", b/a)
	}
}

// exactTicker has a ticker tick while nobody calls its function.
func exactTicker(t *testing.T, host *system) {
	host.look("web", "tick", "10ms")
	time.Sleep(*costTicks)
	out, err := host.try(t.Context(), "web", "ticks")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(out.Lines[0]), 64)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(out.Nanoseconds) / 1e7
	t.Logf("a ticker of 10 ms: %.0f of %.0f ticks in %v", n, want, time.Duration(out.Nanoseconds).Round(time.Millisecond))
	if *costBars && (n < 0.9*want || n > 1.1*want) {
		t.Errorf("the ticker ticked %.0f times, not %.0f", n, want)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
