package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/cofaas/cofaas/bench/compute/kernels"
	"github.com/cofaas/cofaas/bench/compute/pb"
	"github.com/cofaas/cofaas/internal/advise"
	"github.com/cofaas/cofaas/internal/advise/calibrate"
	"github.com/cofaas/cofaas/internal/placement"
)

// Predictions are made of a profile of one setup, and compared with what calls take in others, in which only the worker is elsewhere.
var advisePlaces = []struct {
	place placement.Place
	setup string
}{{placement.Wasm, "wasm"}, {placement.Native, "mixed"}, {placement.Remote, "remote"}}

// adviseWork is what the worker is given.
var adviseWork = []struct {
	kernel string
	target time.Duration
	bytes  int
}{
	{"", 0, 100},
	{"", 0, 64 << 10},
	{"recursion", 10 * time.Microsecond, 100},
	{"recursion", time.Millisecond, 100},
	{"sort", 100 * time.Microsecond, 100},
	{"json", 100 * time.Microsecond, 100},
	{"json", time.Millisecond, 4 << 10},
	{"alloc", 100 * time.Microsecond, 100},
	{"regexp", 100 * time.Microsecond, 100},
	{"gzip", time.Millisecond, 100},
}

// advises checks what cofaas-gen advise predicts. Figures are how far a prediction is off what was measured, in percent of that:
//
//	advise_error_FROM_to_TO           of a profile of a setup, with the worker in another place
//	advise_error_known_FROM_to_TO     the same with a second profile, of that place
//	profile_cost_SETUP                how much longer calls take while a host profiles, in percent
func (b *bench) advises(ctx context.Context) error {
	if err := b.buildCompute(ctx); err != nil {
		return err
	}
	b.progress("advise: what calls cost here")
	constants, err := calibrate.Measure(ctx, advise.Defaults())
	if err != nil {
		return err
	}
	errors, costs := map[string][]float64{}, map[string][]float64{}
	for i, w := range adviseWork {
		b.progress("advise: work %d of %d", i+1, len(adviseWork))
		job := &pb.Job{Callers: 1, Bytes: int64(w.bytes)}
		if w.kernel != "" {
			n := amountFor(kernels.All[w.kernel], w.target)
			if n == 0 {
				continue
			}
			job.Work = &pb.Work{Kernel: w.kernel, N: int64(n)}
		}
		times, profiles, err := b.profiled(ctx, job)
		if err != nil {
			return err
		}
		for _, from := range advisePlaces {
			profile := profiles[from.setup]
			if from.place == placement.Remote {
				continue // the host does not see what it computes
			}
			costs[from.setup] = append(costs[from.setup], 100*(times[from.setup].profiled/times[from.setup].plain-1))
			for _, to := range advisePlaces {
				name := from.setup + "_to_" + to.setup
				known := []*advise.Profile{profile}
				if to.place != placement.Remote && to.setup != from.setup {
					known = []*advise.Profile{profiles[to.setup], profile}
				}
				for prefix, with := range map[string][]*advise.Profile{"": {profile}, "known_": known} {
					p, err := advise.Predict(constants, "worker", to.place, with...)
					if err != nil {
						return err
					}
					errors[prefix+name] = append(errors[prefix+name], 100*math.Abs(p.Latency.Mid/times[to.setup].plain-1))
				}
			}
		}
	}
	for name, percent := range errors {
		b.add("advise_error_"+name, "%", percent)
	}
	for name, percent := range costs {
		b.add("profile_cost_"+name, "%", percent)
	}
	return nil
}

// callTimes are what calls take in nanoseconds, without a profile and with one.
type callTimes struct{ plain, profiled float64 }

// profiled measures a job in all setups by turns, without and with a profile.
func (b *bench) profiled(ctx context.Context, job *pb.Job) (map[string]callTimes, map[string]*advise.Profile, error) {
	rounds, slice := 9, 150*time.Millisecond
	if b.quick {
		rounds, slice = 3, 40*time.Millisecond
	}
	dir, err := os.MkdirTemp(b.built.tmp, "profiles-")
	if err != nil {
		return nil, nil, err
	}
	var pairs []*pair
	defer func() {
		for _, p := range pairs {
			p.stop()
		}
	}()
	var jobs []*pb.Job
	for _, at := range advisePlaces {
		for _, flags := range [][]string{nil, {"-profile", filepath.Join(dir, at.setup)}} {
			p, err := b.built.startPair(ctx, setupNamed(at.setup), nil, flags...)
			if err != nil {
				return nil, nil, err
			}
			pairs = append(pairs, p)
			j, err := lasting(ctx, p, job, slice)
			if err != nil {
				return nil, nil, err
			}
			jobs = append(jobs, j)
		}
	}
	samples, err := alternate(ctx, len(pairs), rounds, func(ctx context.Context, i int) ([]float64, error) {
		m, _, err := pairs[i].run(ctx, jobs[i])
		if err != nil {
			return nil, err
		}
		return []float64{float64(m.GetNanoseconds()) / float64(jobs[i].GetCalls())}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	times, profiles := map[string]callTimes{}, map[string]*advise.Profile{}
	for i, at := range advisePlaces {
		times[at.setup] = callTimes{newFigure("", "", samples[2*i]).Median, newFigure("", "", samples[2*i+1]).Median}
		if err := pairs[2*i+1].front().finish(); err != nil {
			return nil, nil, err
		}
		if profiles[at.setup], err = readProfile(filepath.Join(dir, at.setup)); err != nil {
			return nil, nil, err
		}
	}
	return times, profiles, nil
}

func readProfile(path string) (*advise.Profile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := advise.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}
