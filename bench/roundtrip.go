package main

import (
	"context"
	"fmt"
	"time"
)

// roundTrips measures requests of one client, by number of calls, size, and whether the producer dials for each request.
func (b *bench) roundTrips(ctx context.Context) error {
	repeats, sizes, rounds := []int{1, 10, 20}, roundTripSizes, 16
	if b.quick {
		repeats, sizes, rounds = []int{1, 20}, []int{1 << 10, 512 << 10}, 6
	}
	fleet := newFleet(b.built, nil)
	defer fleet.stop()
	for _, perCall := range []bool{false, true} {
		for _, n := range repeats {
			for _, size := range sizes {
				w := work{size: size, repeats: n, dialPerCall: perCall}
				b.progress("requests: %s", w.name())
				if err := b.roundTripsOf(ctx, fleet, w, rounds); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// name is the work in names of figures.
func (w work) name() string {
	name := fmt.Sprintf("n%d_%s", w.repeats, sizeName(w.size))
	if w.dialPerCall {
		name += "_dial"
	}
	return name
}

// A turn ends after turnTime or turnRequests, whatever is first. It is long enough that most requests find what they need in
// the processors' caches, which the turn of another app has left in its own state.
const (
	turnTime     = 100 * time.Millisecond
	turnRequests = 200
)

// roundTripsOf measures one kind of work in all apps by turns.
func (b *bench) roundTripsOf(ctx context.Context, f *fleet, w work, rounds int) error {
	greeters := make([]*greeter, len(apps))
	for i, app := range apps {
		g, err := f.open(ctx, app, w)
		if err != nil {
			return err
		}
		defer g.stop()
		greeters[i] = g
	}
	samples, err := alternate(ctx, len(apps), rounds, func(ctx context.Context, i int) ([]float64, error) {
		var us []float64
		for turn := time.Now(); len(us) < turnRequests && time.Since(turn) < turnTime; {
			start := time.Now()
			if err := greeters[i].greet(ctx); err != nil {
				return nil, err
			}
			us = append(us, float64(time.Since(start).Nanoseconds())/1e3)
		}
		return us, nil
	})
	if err != nil {
		return err
	}
	for i, app := range apps {
		b.add(fmt.Sprintf("rtt_%s_%s", w.name(), app), "us", samples[i])
	}
	return nil
}
