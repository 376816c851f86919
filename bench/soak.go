package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	soakRequests = 200_000
	soakClients  = 4
	soakSize     = 512 << 10
	soakInterval = 250 * time.Millisecond
	// Before memory is watched, more clients than later make all instances that these can need.
	soakWarmClients  = 4 * soakClients
	soakWarmRequests = 50 // each
)

// soak makes many requests with large payloads and watches the host's memory, which has to stay flat.
func (b *bench) soak(ctx context.Context) error {
	w := work{size: soakSize, repeats: 1}
	p, err := start(ctx, hostProgram(b.built, w))
	if err != nil {
		return err
	}
	defer p.stop()
	if err := soakWarm(ctx, p, w); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var group sync.WaitGroup
	for range soakClients {
		g, err := dial(p, w)
		if err != nil {
			return err
		}
		defer g.close()
		group.Go(func() {
			for next.Add(1) <= soakRequests {
				if err := g.greet(ctx); err != nil {
					cancel(err)
					return
				}
				done.Add(1)
			}
		})
	}
	began := time.Now()
	finished := make(chan struct{})
	go func() {
		group.Wait()
		close(finished)
	}()
	rss, err := b.watchMemory(p, &done, finished)
	if err != nil {
		cancel(err)
	}
	<-finished
	if err := context.Cause(ctx); err != nil {
		return err
	}
	before, second := rss.parts()
	b.add("soak_requests", "requests", []float64{float64(done.Load())})
	b.add("soak_rate", "requests/s", []float64{float64(done.Load()) / time.Since(began).Seconds()})
	b.add("soak_rss_second_quarter_max", "bytes", []float64{slices.Max(before)})
	b.add("soak_rss_second_half_min", "bytes", []float64{slices.Min(second)})
	b.add("soak_rss_second_half_max", "bytes", []float64{slices.Max(second)})
	b.add("soak_rss", "bytes", rss.bytes)
	return nil
}

func soakWarm(ctx context.Context, p *process, w work) error {
	var group errgroup.Group
	for range soakWarmClients {
		g, err := dial(p, w)
		if err != nil {
			return err
		}
		defer g.close()
		group.Go(func() error {
			for range soakWarmRequests {
				if err := g.greet(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// memorySamples are taken while requests are made.
type memorySamples struct {
	bytes []float64
	done  []int64 // requests so far
}

// parts returns the samples of the second quarter of the requests, when starting up is over, and of the second half. Neither
// is empty, if there are at least two samples.
func (m *memorySamples) parts() (secondQuarter, secondHalf []float64) {
	all := m.done[len(m.done)-1]
	quarter, _ := slices.BinarySearch(m.done, all/4)
	half, _ := slices.BinarySearch(m.done, all/2)
	half = min(max(half, 1), len(m.bytes)-1)
	quarter = min(quarter, half-1)
	return m.bytes[quarter:half], m.bytes[half:]
}

// watchMemory takes samples until all requests are made, and one after.
func (b *bench) watchMemory(p *process, done *atomic.Int64, finished <-chan struct{}) (*memorySamples, error) {
	m := new(memorySamples)
	tick := time.NewTicker(soakInterval)
	defer tick.Stop()
	said := int64(0)
	for end := false; ; {
		n := done.Load()
		rss, err := residentBytes(p.cmd.Process.Pid)
		if err != nil {
			return nil, p.fail(err)
		}
		m.bytes, m.done = append(m.bytes, rss), append(m.done, n)
		if end {
			return m, nil
		}
		if percent := n * 100 / soakRequests; percent >= said {
			b.progress("soak: %d%%, %.0f MB resident", percent, rss/1e6)
			said = percent + 10
		}
		select {
		case <-tick.C:
		case <-finished:
			end = true
		}
	}
}
