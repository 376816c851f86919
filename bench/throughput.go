package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

// throughput measures requests per second at saturation, with all processes on the same processors.
func (b *bench) throughput(ctx context.Context) error {
	clients, rounds, slice := []int{16, 32, 64}, 7, time.Second
	if b.quick {
		clients, rounds, slice = []int{32}, 3, 700*time.Millisecond
	}
	cores, err := processors()
	if err != nil {
		return err
	}
	cores = cores[:min(b.cores, len(cores))]
	b.report.Environment["throughput_cpus"] = strconv.Itoa(len(cores))
	fleet := newFleet(b.built, cores)
	defer fleet.stop()
	for _, n := range []int{1, 20} {
		w := work{size: 1 << 10, repeats: n}
		var processes []*process
		for _, app := range apps {
			p, err := fleet.start(ctx, app, w)
			if err != nil {
				return err
			}
			processes = append(processes, p)
		}
		for _, c := range clients {
			b.progress("throughput: n%d, %d clients", n, c)
			if err := b.throughputOf(ctx, processes, cores, load{Clients: c, Work: w, Time: slice}, rounds); err != nil {
				return err
			}
		}
		for _, p := range processes {
			p.stop()
		}
	}
	return nil
}

// throughputOf measures one load on the running apps by turns.
func (b *bench) throughputOf(ctx context.Context, processes []*process, cores []int, l load, rounds int) error {
	samples := make([][]float64, len(processes))
	for round := range rounds {
		for turn := range processes {
			i := (round + turn) % len(processes)
			l.Address = processes[i].address
			perSecond, err := l.generate(ctx, b.built.self, cores)
			if err != nil {
				return processes[i].fail(err)
			}
			samples[i] = append(samples[i], perSecond)
		}
	}
	for i, app := range apps {
		b.add(fmt.Sprintf("throughput_n%d_c%d_%s", l.Work.repeats, l.Clients, app), "requests/s", samples[i])
	}
	return nil
}

// loadCommand is the name of generateLoad among children.
const loadCommand = "generate-load"

// load is what the load generator does, and its argument in JSON.
type load struct {
	Address string
	Clients int           // each with its own connection, and one request at a time
	Time    time.Duration // after a fifth of it, which is not counted
	Repeats int           // what replies have to say
	Work    work          `json:"-"`
}

// generate runs the load generator on some processors and returns the rate.
func (l load) generate(ctx context.Context, self string, cores []int) (float64, error) {
	l.Repeats = l.Work.repeats
	arg, err := json.Marshal(l)
	if err != nil {
		return 0, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, loadCommand, string(arg))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ownGroup(cmd)
	if err := startOn(cmd, cores); err != nil {
		return 0, err
	}
	if err := cmd.Wait(); err != nil {
		return 0, fmt.Errorf("load generator: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strconv.ParseFloat(string(bytes.TrimSpace(stdout.Bytes())), 64)
}

// generateLoad calls a producer from many clients and prints requests per second.
func generateLoad(ctx context.Context, args []string, stdout, _ io.Writer) error {
	var l load
	if len(args) != 1 {
		return fmt.Errorf("want one argument, not %d", len(args))
	}
	if err := json.Unmarshal([]byte(args[0]), &l); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Int64
	var group sync.WaitGroup
	for range l.Clients {
		conn, err := dialAddress(l.Address)
		if err != nil {
			return err
		}
		defer conn.Close()
		client := helloworld.NewGreeterClient(conn)
		group.Go(func() {
			for ctx.Err() == nil {
				if err := greet(ctx, client, work{repeats: l.Repeats}); err != nil {
					cancel(err)
					return
				}
				done.Add(1)
			}
		})
	}
	pause := func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	pause(l.Time / 5)
	before, start := done.Load(), time.Now()
	pause(l.Time)
	rate := float64(done.Load()-before) / time.Since(start).Seconds()
	failed := context.Cause(ctx)
	cancel(nil)
	group.Wait()
	if failed != nil {
		return failed
	}
	_, err := fmt.Fprintln(stdout, rate)
	return err
}
