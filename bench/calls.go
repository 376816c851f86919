package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// callSizes are the payloads of calls in bytes.
var callSizes = []int{1, 16, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 512 << 10}

// sizeName is a payload in names of figures.
func sizeName(bytes int) string {
	if bytes < 1024 {
		return strconv.Itoa(bytes) + "b"
	}
	return strconv.Itoa(bytes/1024) + "k"
}

// transport is one way to call the consumer.
type transport struct {
	name string
	// call and perByte estimate what a call costs, in nanoseconds. They decide how many calls make a sample, nothing else.
	call, perByte float64
	// open prepares samples of calls with size bytes each.
	open func(ctx context.Context, size, calls int) (*sampler, error)
}

// sampler takes samples of one transport and size.
type sampler struct {
	name  string
	calls int
	// many makes calls; none does all the same but them, and is nil if that is nothing.
	many, none func(ctx context.Context) error
	// prepare, if there is one, comes before each sample and is not counted.
	prepare func(ctx context.Context) error
	close   func()
}

// sample returns nanoseconds per call.
func (s *sampler) sample(ctx context.Context) (float64, error) {
	if s.prepare != nil {
		if err := s.prepare(ctx); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	if err := s.many(ctx); err != nil {
		return 0, err
	}
	took := time.Since(start)
	if s.none != nil {
		start = time.Now()
		if err := s.none(ctx); err != nil {
			return 0, err
		}
		took -= time.Since(start)
	}
	return float64(took.Nanoseconds()) / float64(s.calls), nil
}

// callsPerSample chooses how many calls make a sample that takes about as long as it should.
func (t *transport) callsPerSample(size int, sample time.Duration) int {
	calls := float64(sample.Nanoseconds()) / (t.call + t.perByte*float64(size))
	return int(min(max(calls, 10), 5000))
}

// calls measures calls between functions.
func (b *bench) calls(ctx context.Context) error {
	sample, rounds := 16*time.Millisecond, 100
	if b.quick {
		sample, rounds = 6*time.Millisecond, 31
	}
	fleet := newFleet(b.built, nil)
	defer fleet.stop()
	transports := append(processTransports(fleet), localTransports(b.built.plugin)...)
	for _, size := range callSizes {
		b.progress("calls of %s", sizeName(size))
		if err := b.callsOf(ctx, transports, size, sample, rounds); err != nil {
			return err
		}
	}
	return nil
}

// callsOf measures one size on all transports by turns.
func (b *bench) callsOf(ctx context.Context, transports []transport, size int, sample time.Duration, rounds int) error {
	var samplers []*sampler
	defer func() {
		for _, s := range samplers {
			s.close()
		}
	}()
	for _, t := range transports {
		s, err := t.open(ctx, size, t.callsPerSample(size, sample))
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		s.name = t.name
		samplers = append(samplers, s)
	}
	samples, err := alternate(ctx, len(samplers), rounds, func(ctx context.Context, i int) ([]float64, error) {
		ns, err := samplers[i].sample(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", samplers[i].name, err)
		}
		return []float64{ns}, nil
	})
	if err != nil {
		return err
	}
	for i, s := range samplers {
		b.add(fmt.Sprintf("call_%s_%s", sizeName(size), s.name), "ns", samples[i])
	}
	return nil
}

// warmRounds are not counted.
const warmRounds = 3

// alternate takes samples of peers by turns. Each round begins with another peer, so that none always follows the same one.
func alternate(ctx context.Context, peers, rounds int, take func(ctx context.Context, peer int) ([]float64, error)) ([][]float64, error) {
	samples := make([][]float64, peers)
	for round := range warmRounds + rounds {
		for turn := range peers {
			peer := (round + turn) % peers
			s, err := take(ctx, peer)
			if err != nil {
				return nil, err
			}
			if round >= warmRounds {
				samples[peer] = append(samples[peer], s...)
			}
		}
	}
	return samples, nil
}

// processTransports are those whose caller is the example's producer. A process of its own makes none of the calls.
func processTransports(f *fleet) []transport {
	var out []transport
	for _, app := range apps {
		var none *greeter
		t := transport{name: app, call: 70e3, perByte: 2}
		if app == "cofaas" {
			t.call, t.perByte = 1500, 0.1
		}
		t.open = func(ctx context.Context, size, calls int) (*sampler, error) {
			var err error
			if none == nil {
				if none, err = f.open(ctx, app, work{size: 1}); err != nil {
					return nil, err
				}
			}
			many, err := f.open(ctx, app, work{size: size, repeats: calls})
			if err != nil {
				return nil, err
			}
			return &sampler{calls: calls, many: many.greet, none: none.greet, close: many.stop}, nil
		}
		out = append(out, t)
	}
	return out
}

// open starts an app and dials it.
func (f *fleet) open(ctx context.Context, app string, w work) (*greeter, error) {
	p, err := f.start(ctx, app, w)
	if err != nil {
		return nil, err
	}
	return dial(p, w)
}
