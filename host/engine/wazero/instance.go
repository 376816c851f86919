package wazero

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/internal/abi"
)

type module struct {
	name     string
	rt       wazero.Runtime
	compiled wazero.CompiledModule
}

func (m *module) Exports() []string {
	var names []string
	for name := range m.compiled.ExportedFunctions() {
		names = append(names, name)
	}
	return names
}

func (m *module) Instantiate(ctx context.Context, cfg engine.Config) (_ engine.Instance, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *memoryError:
			err = fmt.Errorf("%s: %w", m.name, r)
		default:
			panic(r)
		}
	}()
	config := wazero.NewModuleConfig().
		WithName(""). // anonymous, so that there can be many
		WithArgs(append([]string{cfg.Name}, cfg.Args...)...).
		WithStartFunctions(). // the host calls initialisers, when the instance has its state
		WithRandSource(rand.Reader).
		WithSysWalltime().
		WithSysNanotime().
		WithSysNanosleep()
	if cfg.Stdout != nil {
		config = config.WithStdout(cfg.Stdout)
	}
	if cfg.Stderr != nil {
		config = config.WithStderr(cfg.Stderr)
	}
	for _, kv := range cfg.Env {
		key, value, _ := strings.Cut(kv, "=")
		config = config.WithEnv(key, value)
	}
	if len(cfg.Mounts) > 0 {
		config = config.WithFSConfig(files(cfg.Mounts))
	}
	mod, err := m.rt.InstantiateModule(withMemory(ctx, cfg.MaxMemory), m.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	// Not mod.Memory(), which is never nil.
	mem := mod.ExportedMemory("memory")
	stop, _ := mod.ExportedGlobal(abi.StopGlobal).(api.MutableGlobal)
	return &instance{mod: mod, mem: mem, stop: stop, ctx: &instanceContext{Context: context.Background(), state: cfg.State}}, nil
}

type instance struct {
	mod  api.Module
	mem  api.Memory        // nil if none is exported
	stop api.MutableGlobal // nil if none is exported
	ctx  context.Context
}

func (i *instance) Memory() []byte {
	if i.mem == nil {
		return nil
	}
	b, _ := i.mem.Read(0, i.mem.Size())
	return b
}

func (i *instance) Func(name string) engine.Func {
	f := i.mod.ExportedFunction(name)
	if f == nil {
		return nil
	}
	return &function{f: f, ctx: i.ctx}
}

func (i *instance) Stop() {
	if i.stop != nil {
		i.stop.Set(1)
	}
}

func (i *instance) Close() { _ = i.mod.Close(i.ctx) }

type function struct {
	f   api.Function
	ctx context.Context
}

func (f *function) Call(stack []uint64) error {
	err := f.f.CallWithStack(f.ctx, stack)
	if err == nil {
		return nil
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return &engine.ExitError{Code: exit.ExitCode()}
	}
	return &engine.TrapError{Cause: err}
}
