package main

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/cofaas/cofaas/test/network/task"
)

// ticking is a ticker that goes on between calls.
var ticking struct {
	sync.Mutex
	ticker *time.Ticker
	start  time.Time
	count  int
}

// tick starts the ticker, with an interval.
func tick(_ context.Context, _ *task.Report, args []string) error {
	interval, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	ticking.Lock()
	defer ticking.Unlock()
	if ticking.ticker != nil {
		ticking.ticker.Stop()
	}
	ticker := time.NewTicker(interval)
	ticking.ticker, ticking.start, ticking.count = ticker, time.Now(), 0
	go func() {
		for range ticker.C {
			ticking.Lock()
			if ticking.ticker != ticker {
				ticking.Unlock()
				return
			}
			ticking.count++
			ticking.Unlock()
		}
	}()
	return nil
}

// ticks stops the ticker, and reports how often it has ticked and for how long.
func ticks(_ context.Context, r *task.Report, _ []string) error {
	ticking.Lock()
	defer ticking.Unlock()
	ticking.ticker.Stop()
	r.Addf("%d", ticking.count)
	r.Took(time.Since(ticking.start))
	return nil
}

// sleep takes its time, or as much as the call has.
func sleep(ctx context.Context, r *task.Report, args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail ends the process.
func fail(context.Context, *task.Report, []string) error {
	go panic("told to panic")
	select {}
}

// file reads a file that is mounted, and tries to change it.
func file(_ context.Context, r *task.Report, args []string) error {
	content, err := os.ReadFile(args[0])
	r.Addf("content: %q", content)
	r.Failure("read", err)
	return nil
}

// localTime says what time it is somewhere.
func localTime(_ context.Context, r *task.Report, args []string) error {
	r.Addf("TZ: %s", time.Unix(1_790_000_000, 0).Format(time.RFC3339))
	location, err := time.LoadLocation(args[0])
	if err != nil {
		return err
	}
	r.Addf("%s: %s", args[0], time.Unix(1_790_000_000, 0).In(location).Format(time.RFC3339))
	return nil
}
