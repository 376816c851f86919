package network

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/internal/freeport"
)

var soak = flag.Duration("soak", 20*time.Second, "how long TestSoak makes traffic; make soak takes 10m")

// TestSoak compresses a long time's traffic: calls that use pools of connections, connections that come and go, an HTTP server that is
// asked, a ticker and a refresher that go on. What the host holds afterwards is what it held after the first quarter.
func TestSoak(t *testing.T) {
	redis, db, server := redisServer(t, 0), postgresServer(t, newAuthority(t)), newHTTPServer(t, false, shortIdle)
	// A request that must not be sent twice fails if the server gives the connection up at that moment, natively too. So this one does not.
	posts := newHTTPServer(t, false, time.Hour)
	echo, silent, refused := echoServer(t), silentServer(t), freeport.Address(t)
	address := freeport.Address(t)
	s := setup{
		allow: map[string][]string{"store": {redis, db.address}, "web": {server.address, posts.address, echo, silent, refused}},
		env:   map[string][]string{"web": {"HTTP_ADDRESS=" + address, "REFRESH=" + server.url + "/setting"}},
		listen: map[string][]string{
			"web": {address},
		},
	}
	inHost(t, s, func(t *testing.T, sys *system) {
		url := db.url("sslmode=disable")
		traffic := []struct {
			function, name string
			args           []string
		}{
			{"store", "redis get", []string{redis, "20"}},
			{"store", "redis idle", []string{redis}},
			{"store", "pgx pool", []string{url}},
			{"web", "http get", []string{server.url + "/hello", "10"}},
			{"web", "http post", []string{posts.url + "/echo", "soak"}},
			{"web", "http timeout", []string{"http://" + silent + "/"}},
			{"web", "echo", []string{"tcp", echo, "10000"}},
			{"web", "dial", []string{"tcp", refused, "1m"}},
			{"web", "crowd", []string{"tcp", echo, "50"}},
			{"web", "loopback", nil},
		}
		sys.do("web", "tick", "10ms")
		var tasks, asked, failed atomic.Int64
		run := func(d time.Duration) {
			ctx, stop := context.WithTimeout(t.Context(), d)
			defer stop()
			var group errgroup.Group
			for worker := range 8 {
				group.Go(func() error {
					// All kinds of traffic, however slow the machine is: what the first ones leave behind is there to stay.
					for i := worker; ctx.Err() == nil || i < worker+len(traffic); i++ {
						task := traffic[i%len(traffic)]
						// Not until ctx ends: a call that is given up is no failure, but says nothing either.
						if _, err := sys.try(context.WithoutCancel(ctx), task.function, task.name, task.args...); err != nil {
							if failed.Add(1) < 10 {
								t.Errorf("%s: %v", task.name, err)
							}
						}
						tasks.Add(1)
					}
					return nil
				})
			}
			group.Go(func() error {
				client := &http.Client{Timeout: patience}
				defer client.CloseIdleConnections()
				for ctx.Err() == nil {
					resp, err := client.Get("http://" + address + "/metrics")
					if err == nil {
						_, err = io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
					if err != nil && failed.Add(1) < 10 {
						t.Errorf("metrics: %v", err)
					}
					asked.Add(1)
					time.Sleep(5 * time.Millisecond)
				}
				return nil
			})
			group.Wait()
		}
		run(*soak / 4)
		first := sys.held(t)
		run(*soak * 3 / 4)
		last := sys.held(t)
		// What is lost once, is lost again. Steps in which memory grows, and connections that take their time to close, are not.
		for try := 0; try < 3 && len(last.grown(first)) > 0; try++ {
			t.Logf("after a quarter and then: %v, %v; once more", first, last)
			first = last
			run(*soak * 3 / 4)
			last = sys.held(t)
		}
		ticks := sys.look("web", "ticks")[0]
		t.Logf("soak: %v, %d tasks, %d requests of the function's HTTP server, %s ticks, %d refreshes, %d failed",
			*soak, tasks.Load(), asked.Load(), ticks, server.settings.Load(), failed.Load())
		t.Logf("after a quarter and in the end: %v, %v", first, last)
		for _, line := range last.grown(first) {
			t.Error(line)
		}
	})
}

// holdings are what a host holds while nobody calls it.
type holdings struct {
	descriptors, goroutines int
	memory                  int64 // bytes that are resident
}

// grown says what is more than it was.
func (h holdings) grown(first holdings) (lines []string) {
	if h.descriptors > first.descriptors+20 {
		lines = append(lines, fmt.Sprintf("descriptors grew from %d to %d", first.descriptors, h.descriptors))
	}
	if h.goroutines > first.goroutines+50 {
		lines = append(lines, fmt.Sprintf("goroutines grew from %d to %d", first.goroutines, h.goroutines))
	}
	// A guest's memory never shrinks, and grows in steps.
	if h.memory > first.memory*5/4+64<<20 {
		lines = append(lines, fmt.Sprintf("memory grew from %d to %d MiB", first.memory>>20, h.memory>>20))
	}
	return lines
}

func (h holdings) String() string {
	return fmt.Sprintf("%d descriptors, %d goroutines, %d MiB", h.descriptors, h.goroutines, h.memory>>20)
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// held waits until the host holds no more than a moment ago, as connections take their time to close.
func (sys *system) held(t *testing.T) holdings {
	t.Helper()
	now := func() holdings {
		h := holdings{descriptors: sys.descriptors("web"), goroutines: int(sys.stats()["goroutines"])}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", sys.process("web").Cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		m := resident.FindStringSubmatch(string(status))
		if m == nil {
			t.Fatalf("no memory on %s in\n%s", runtime.GOOS, strings.TrimSpace(string(status)))
		}
		kilobytes, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		h.memory = kilobytes << 10
		return h
	}
	h := now()
	for range 10 {
		time.Sleep(500 * time.Millisecond)
		next := now()
		if next.descriptors >= h.descriptors && next.goroutines >= h.goroutines {
			return next
		}
		h = next
	}
	return h
}
