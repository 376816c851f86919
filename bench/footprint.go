package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// footprint measures sizes, generation, starts and memory.
func (b *bench) footprint(ctx context.Context) error {
	b.progress("sizes")
	for name, path := range map[string]string{
		"guest_size_producer": guest(b.built.root, "producer"), "guest_size_consumer": guest(b.built.root, "consumer"),
		"host_size": b.built.host, "native_size_producer": b.built.producer, "native_size_consumer": b.built.consumer,
	} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		b.add(name, "bytes", []float64{float64(info.Size())})
	}
	if err := b.starts(ctx); err != nil {
		return err
	}
	if err := b.memory(ctx); err != nil {
		return err
	}
	return b.generation(ctx)
}

// starts measures the time from process start to first answer.
func (b *bench) starts(ctx context.Context) error {
	rounds, cold := 21, 5
	if b.quick {
		rounds, cold = 7, 1
	}
	w := work{size: 1 << 10, repeats: 1}
	host := func(cache string) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			prog := hostProgram(b.built, w)
			prog.args = append(prog.args, "-cache-dir", cache) // the last one counts
			p, err := start(ctx, prog)
			if err != nil {
				return 0, err
			}
			defer p.stop()
			return firstAnswer(ctx, p, w, p.started)
		}
	}
	native := func() (time.Duration, error) {
		f := newFleet(b.built, nil)
		defer f.stop()
		p, err := f.start(ctx, "tcp", w)
		if err != nil {
			return 0, err
		}
		return firstAnswer(ctx, p, w, f.consumers["tcp"].started)
	}
	b.progress("starts")
	var millis [3][]float64
	take := func(i int, start func() (time.Duration, error)) error {
		took, err := start()
		millis[i] = append(millis[i], float64(took.Microseconds())/1e3)
		return err
	}
	warm := host(b.built.compiled)
	if _, err := warm(); err != nil { // fills the cache
		return err
	}
	for round := range rounds {
		if err := take(0, native); err != nil {
			return err
		}
		if err := take(1, warm); err != nil {
			return err
		}
		if round < cold {
			cache := filepath.Join(b.built.tmp, "cold-"+strconv.Itoa(round))
			if err := take(2, host(cache)); err != nil {
				return err
			}
		}
	}
	b.add("start_native", "ms", millis[0])
	b.add("start_cofaas_warm_cache", "ms", millis[1])
	b.add("start_cofaas_cold_cache", "ms", millis[2])
	return nil
}

// firstAnswer makes the first request of a new process.
func firstAnswer(ctx context.Context, p *process, w work, started time.Time) (time.Duration, error) {
	g, err := dial(p, w)
	if err != nil {
		return 0, err
	}
	defer g.close()
	if err := g.greet(ctx); err != nil {
		return 0, err
	}
	return time.Since(started), nil
}

// memory measures resident memory: of native functions, of a host with one instance of each function, and of an instance,
// as the growth of a host that has to make more of them, divided by their number.
func (b *bench) memory(ctx context.Context) error {
	rounds := 7
	if b.quick {
		rounds = 3
	}
	var native, host, instance []float64
	for range rounds {
		b.progress("memory")
		rss, err := b.nativeMemory(ctx)
		if err != nil {
			return err
		}
		native = append(native, rss)
		before, each, err := b.hostMemory(ctx)
		if err != nil {
			return err
		}
		host, instance = append(host, before), append(instance, each)
	}
	b.add("memory_native", "bytes", native)
	b.add("memory_host", "bytes", host)
	b.add("memory_per_instance", "bytes", instance)
	return nil
}

// nativeMemory is that of producer and consumer, after some requests.
func (b *bench) nativeMemory(ctx context.Context) (float64, error) {
	f := newFleet(b.built, nil)
	defer f.stop()
	g, err := f.open(ctx, "tcp", work{size: 1 << 10, repeats: 1})
	if err != nil {
		return 0, err
	}
	defer g.close()
	if err := g.settle(ctx); err != nil {
		return 0, err
	}
	total := 0.0
	for _, p := range f.procs {
		rss, err := residentBytes(p.cmd.Process.Pid)
		if err != nil {
			return 0, p.fail(err)
		}
		total += rss
	}
	return total, nil
}

// settle makes enough requests for memory to be what it is in use.
func (g *greeter) settle(ctx context.Context) error {
	for range 100 {
		if err := g.greet(ctx); err != nil {
			return err
		}
	}
	return nil
}

// poolInstances is how many requests at a time make a pool grow. Requests are long, as a host does not make an instance for a
// call that finds an idle one.
const (
	poolInstances = 12
	longRequest   = 20000
	poolAttempts  = 20
)

// hostMemory returns the memory of a host with one instance of each function, and what each further instance adds.
func (b *bench) hostMemory(ctx context.Context) (before, each float64, err error) {
	w := work{size: 1 << 10, repeats: longRequest}
	p, err := start(ctx, hostProgram(b.built, w, "-max-instances", strconv.Itoa(poolInstances)))
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	g, err := dial(p, w)
	if err != nil {
		return 0, 0, err
	}
	defer g.close()
	if err := g.greet(ctx); err != nil {
		return 0, 0, err
	}
	few := p.instanceCount()
	if before, err = residentBytes(p.cmd.Process.Pid); err != nil {
		return 0, 0, p.fail(err)
	}
	for range poolAttempts {
		if err := g.together(ctx, poolInstances); err != nil {
			return 0, 0, err
		}
		if p.instanceCount() >= 2*poolInstances {
			break
		}
	}
	after, err := residentBytes(p.cmd.Process.Pid)
	if err != nil {
		return 0, 0, p.fail(err)
	}
	many := p.instanceCount()
	if few < 1 || many <= few {
		return 0, 0, p.fail(fmt.Errorf("had %d instances, and has %d after %d requests at a time", few, many, poolInstances))
	}
	return before, (after - before) / float64(many-few), nil
}

// together makes requests at the same time.
func (g *greeter) together(ctx context.Context, requests int) error {
	errs := make(chan error, requests)
	var group sync.WaitGroup
	for range requests {
		group.Go(func() { errs <- g.greet(ctx) })
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// generation measures cofaas-gen for both functions: when nothing has changed; for a new copy of the module with what is in
// the user's build cache; and from empty caches, but for downloaded modules, with the host's build.
func (b *bench) generation(ctx context.Context) error {
	b.progress("generation: up to date")
	var seconds []float64
	for range 3 {
		start := time.Now()
		if err := generate(ctx, b.built.root, nil); err != nil {
			return fmt.Errorf("cofaas: %w", err)
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	b.add("generate_up_to_date", "s", seconds)
	if !b.quick {
		b.progress("generation: warm build cache")
		if err := b.generateCopy(ctx, "generate_warm_cache", nil); err != nil {
			return err
		}
	}
	if b.options.generate {
		b.progress("generation: empty caches")
		caches := filepath.Join(b.built.tmp, "caches")
		defer os.RemoveAll(caches)
		env := []string{"GOCACHE=" + filepath.Join(caches, "go"), "XDG_CACHE_HOME=" + caches}
		return b.generateCopy(ctx, "generate_empty_cache", env)
	}
	return nil
}

// generateCopy measures generation, and the build of the host, in a copy of the module.
func (b *bench) generateCopy(ctx context.Context, figure string, env []string) error {
	root := filepath.Join(b.built.tmp, figure)
	defer os.RemoveAll(root)
	if err := copyModule(root, b.built.root); err != nil {
		return err
	}
	start := time.Now()
	if err := generate(ctx, root, env); err != nil {
		return fmt.Errorf("cofaas: %w", err)
	}
	if _, err := command(ctx, function(root, "producer"), env, "go", "build", "-o", os.DevNull, "./cofaas"); err != nil {
		return fmt.Errorf("cofaas: %w", err)
	}
	b.add(figure, "s", []float64{time.Since(start).Seconds()})
	return nil
}

// copyModule copies a module without guests and without nested hidden folders.
func copyModule(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir() && rel != "." && (rel == "bench" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case filepath.Ext(path) == ".wasm" || !d.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
}
