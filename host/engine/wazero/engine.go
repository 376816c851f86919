// Package wazero runs guests on github.com/tetratelabs/wazero. It is the only package that knows it.
package wazero

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/internal/abi"
)

// New returns an engine that keeps compiled code in cacheDir, so that a second start is fast; empty means none.
func New(cacheDir string) (engine.Engine, error) {
	e := &wazeroEngine{cache: wazero.NewCompilationCache()}
	if cacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cacheDir)
		if err != nil {
			return nil, fmt.Errorf("compilation cache: %w", err)
		}
		e.cache = cache
	}
	return e, nil
}

type wazeroEngine struct {
	cache wazero.CompilationCache

	mu       sync.Mutex
	runtimes []wazero.Runtime
}

// maxPages is the most memory of any guest, in pages of 64 KiB; instances have a lower limit of their own.
const maxPages = 1 << 16

// Compile gives each guest a runtime of its own, because a runtime is one namespace of imports; the cache of compiled
// code is shared.
func (e *wazeroEngine) Compile(ctx context.Context, name string, code []byte, imports []engine.Import) (engine.Module, error) {
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().
		WithCompilationCache(e.cache).
		WithMemoryLimitPages(maxPages))
	e.mu.Lock()
	e.runtimes = append(e.runtimes, rt)
	e.mu.Unlock()

	system, err := systemFunctions(ctx, rt)
	if err != nil {
		return nil, fmt.Errorf("%s: system interface: %w", name, err)
	}
	builders := map[string]wazero.HostModuleBuilder{systemInterface: newSystem(rt)}
	for _, imp := range imports {
		b := builders[imp.Module]
		if b == nil {
			b = rt.NewHostModuleBuilder(imp.Module)
			builders[imp.Module] = b
		}
		f := hostFunc(imp.Func)
		if imp.Module == systemInterface {
			f = replacing(system[imp.Name], imp.Func)
		}
		b.NewFunctionBuilder().
			WithGoModuleFunction(f, valueTypes(imp.Params), valueTypes(imp.Results)).
			Export(imp.Name)
	}
	for module, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, module, err)
		}
	}
	// All processors: guests are compiled side by side, but the largest is compiled longest.
	compiled, err := rt.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), code)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &module{name: name, rt: rt, compiled: compiled}, nil
}

// Close closes all runtimes, and with them the instances that are left.
func (e *wazeroEngine) Close(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, rt := range e.runtimes {
		errs = append(errs, rt.Close(ctx))
	}
	e.runtimes = nil
	return errors.Join(append(errs, e.cache.Close(ctx))...)
}

// hostFunc adapts an import. A panic is how a host function traps its guest; wazero turns it into an error of the export.
func hostFunc(f func(any, []uint64) error) api.GoModuleFunc {
	return func(ctx context.Context, _ api.Module, stack []uint64) {
		inst, ok := ctx.(*instanceContext)
		if !ok {
			panic(errors.New("import called outside of a call"))
		}
		if err := f(inst.state, stack); err != nil {
			panic(err)
		}
	}
}

// systemInterface is what guests import from the engine itself.
const systemInterface = wasi_snapshot_preview1.ModuleName

func newSystem(rt wazero.Runtime) wazero.HostModuleBuilder {
	b := rt.NewHostModuleBuilder(systemInterface)
	wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(b)
	return b
}

// systemFunctions returns the functions of the system interface. A module that is only compiled is the public way to them.
func systemFunctions(ctx context.Context, rt wazero.Runtime) (map[string]api.GoModuleFunction, error) {
	compiled, err := newSystem(rt).Compile(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]api.GoModuleFunction{}
	for name, def := range compiled.ExportedFunctions() {
		if f, ok := def.GoFunction().(api.GoModuleFunction); ok {
			out[name] = f
		}
	}
	return out, nil
}

// replacing adapts an import that replaces a function of the system interface.
func replacing(original api.GoModuleFunction, f func(any, []uint64) error) api.GoModuleFunc {
	return func(ctx context.Context, mod api.Module, stack []uint64) {
		inst, ok := ctx.(*instanceContext)
		if !ok {
			panic(errors.New("import called outside of a call"))
		}
		switch err := f(inst.state, stack); {
		case err == engine.ErrDefault && original != nil:
			original.Call(ctx, mod, stack)
		case err != nil:
			panic(err)
		}
	}
}

func valueTypes(core []abi.Core) []api.ValueType {
	out := make([]api.ValueType, len(core))
	for i, c := range core {
		out[i] = map[abi.Core]api.ValueType{
			abi.I32: api.ValueTypeI32, abi.I64: api.ValueTypeI64, abi.CoreF32: api.ValueTypeF32, abi.CoreF64: api.ValueTypeF64,
		}[c]
	}
	return out
}

// instanceContext carries the instance's state to host functions. It is the context of every call into the instance, and is
// found by a type assertion, not by a search for a value.
type instanceContext struct {
	context.Context
	state any
}

// Value has nothing to say; the engine asks on every call.
func (*instanceContext) Value(any) any { return nil }

// maxMemory is one page less than addresses reach: the engine gives sizes in 32 bits, where the whole of it is 0.
const maxMemory = 1<<32 - 1<<16

// withMemory makes instantiation take memory from the allocator of this package.
func withMemory(ctx context.Context, limit uint64) context.Context {
	limit = min(limit, maxMemory)
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(capacity, maximum uint64) experimental.LinearMemory {
		if capacity > limit {
			// The engine has no other way to hear of a refusal here.
			panic(&memoryError{capacity, limit})
		}
		return newMemory(min(maximum, limit))
	}))
}

// memoryError is a guest that wants more memory at its start than it may have.
type memoryError struct{ want, limit uint64 }

func (e *memoryError) Error() string {
	return fmt.Sprintf("needs %d bytes of memory to start, and may have %d", e.want, e.limit)
}
