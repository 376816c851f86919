//go:build linux

package channel

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Benchmarks are between two processes. CPU is that of both, in us for each call; run them by
//
//	go test -run - -bench . -benchtime 2s ./channel

func forBenchmarks(b *testing.B, f func(b *testing.B, c *Conn, pid int)) {
	for _, kind := range kinds() {
		for _, waiting := range []Waiting{Sleeping, Adaptive} {
			if kind == Socket && waiting == Adaptive {
				continue
			}
			b.Run(fmt.Sprintf("%v/%s", kind, []string{"adaptive", "sleeping"}[waiting]), func(b *testing.B) {
				c, cmd := process(b, kind, waiting, "echo", Config{})
				f(b, c, cmd.Process.Pid)
			})
		}
	}
}

// processorTime is what this process and another have used.
func processorTime(b *testing.B, pid int) time.Duration {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		b.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(own.Utime.Nano()+own.Stime.Nano()) + time.Duration(ticks)*10*time.Millisecond
}

func BenchmarkUnary(b *testing.B) {
	for _, size := range []int{1 << 10, 512 << 10} {
		for _, callers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%dK/%d", size>>10, callers), func(b *testing.B) {
				forBenchmarks(b, func(b *testing.B, c *Conn, pid int) { benchmarkUnary(b, c, pid, "/p.S/M", size, callers) })
			})
		}
	}
}

// BenchmarkWork has servers compute for 20 us, which is about as long as an adaptive end looks before it sleeps.
func BenchmarkWork(b *testing.B) {
	for _, callers := range []int{1, 16} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			forBenchmarks(b, func(b *testing.B, c *Conn, pid int) { benchmarkUnary(b, c, pid, "/p.S/Work", 1<<10, callers) })
		})
	}
}

func benchmarkUnary(b *testing.B, c *Conn, pid int, method string, size, callers int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	request := make([]byte, size)
	times := make([][]time.Duration, callers)
	h := &Header{Method: method}
	run := func(n int) {
		var g sync.WaitGroup
		for i := range callers {
			g.Go(func() {
				times[i] = make([]time.Duration, 0, n/callers+1)
				for range n/callers + 1 {
					start := time.Now()
					r, err := c.Invoke(ctx, nil, h, request)
					if err != nil {
						b.Error(err)
						return
					}
					r.Free()
					times[i] = append(times[i], time.Since(start))
				}
			})
		}
		g.Wait()
	}
	run(1000)
	b.ReportAllocs()
	before := processorTime(b, pid)
	b.ResetTimer()
	run(b.N)
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	b.ReportMetric(float64(all[len(all)/2].Nanoseconds())/1000, "p50-us")
	b.ReportMetric(float64(all[len(all)*99/100].Nanoseconds())/1000, "p99-us")
	b.ReportMetric(float64((processorTime(b, pid)-before).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkStream echoes messages of 1 KB.
func BenchmarkStream(b *testing.B) {
	forBenchmarks(b, func(b *testing.B, c *Conn, pid int) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		s, err := c.OpenStream(&Header{Method: "/p.S/Sink"})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		message := make([]byte, 1<<10)
		b.ReportAllocs()
		before := processorTime(b, pid)
		b.ResetTimer()
		for range b.N {
			if err := s.Send(ctx, message); err != nil {
				b.Fatal(err)
			}
		}
		s.CloseSend()
		if _, _, err := s.Result(ctx); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64((processorTime(b, pid)-before).Nanoseconds())/1000/float64(b.N), "cpu-us/op")
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}
