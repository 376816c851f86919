package roundtrip

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/cofaas/cofaas/internal/wasmopt"
)

// guest is a program in WebAssembly, rewritten as those of functions are.
type guest struct {
	runtime wazero.Runtime
	program wazero.CompiledModule
}

func newGuest(t testing.TB, exe string) *guest {
	t.Helper()
	code, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if code, _, err = wasmopt.Module(code); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { r.Close(context.Background()) }) // By then the test's context is cancelled.
	system(t, r)
	program, err := r.CompileModule(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	// What package guest imports, of which a program without a host calls nothing.
	hosts := map[string]wazero.HostModuleBuilder{}
	for _, f := range program.ImportedFunctions() {
		module, name, _ := f.Import()
		if !strings.HasPrefix(module, "cofaas:host/") {
			continue
		}
		if hosts[module] == nil {
			hosts[module] = r.NewHostModuleBuilder(module)
		}
		unexpected := api.GoFunc(func(context.Context, []uint64) { panic("call of " + module + " " + name) })
		hosts[module].NewFunctionBuilder().WithGoFunction(unexpected, f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	for _, host := range hosts {
		if _, err := host.Instantiate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return &guest{r, program}
}

// system provides the system interface. Package guest waits for descriptors of the host's, as package host has them; here they never
// are readable.
func system(t testing.TB, r wazero.Runtime) {
	t.Helper()
	const (
		fds              = 0x7fff0000 // and the next
		subscriptionSize = 48
		errnoBadf        = 8
	)
	builder := func() wazero.HostModuleBuilder {
		b := r.NewHostModuleBuilder(wasi_snapshot_preview1.ModuleName)
		wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions(b)
		return b
	}
	compiled, err := builder().Compile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	original := func(name string) api.GoModuleFunction {
		return compiled.ExportedFunctions()[name].GoFunction().(api.GoModuleFunction)
	}
	stat, poll := original("fd_fdstat_get"), original("poll_oneoff")
	b := builder()
	b.NewFunctionBuilder().WithFunc(func(ctx context.Context, mod api.Module, fd, at uint32) uint32 {
		if fd&^1 != fds {
			stack := []uint64{uint64(fd), uint64(at)}
			stat.Call(ctx, mod, stack)
			return uint32(stack[0])
		}
		mem, ok := mod.Memory().Read(at, 24)
		if !ok {
			return errnoBadf
		}
		clear(mem)
		mem[0], mem[2] = 6, 4 // a socket that does not block
		return 0
	}).Export("fd_fdstat_get")
	b.NewFunctionBuilder().WithFunc(func(ctx context.Context, mod api.Module, in, out, n, count uint32) uint32 {
		list, ok := mod.Memory().Read(in, n*subscriptionSize)
		if !ok {
			return errnoBadf
		}
		var rest []byte // of the list, without those descriptors
		for s := range slices.Chunk(list, subscriptionSize) {
			if s[8] == 0 || binary.LittleEndian.Uint32(s[16:])&^1 != fds {
				rest = append(rest, s...)
			}
		}
		if len(rest) == 0 {
			panic("deadlock: the program waits for a host")
		}
		before := bytes.Clone(list)
		defer copy(list, before)
		copy(list, rest)
		stack := []uint64{uint64(in), uint64(out), uint64(len(rest) / subscriptionSize), uint64(count)}
		poll.Call(ctx, mod, stack)
		return uint32(stack[0])
	}).Export("poll_oneoff")
	if _, err := b.Instantiate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// run runs the program and returns what it prints.
func (g *guest) run(t testing.TB, args ...string) string {
	t.Helper()
	var stdout strings.Builder
	config := wazero.NewModuleConfig().WithArgs(append([]string{"roundtrip"}, args...)...).
		WithStdout(&stdout).WithStderr(os.Stderr).WithSysNanotime().WithSysWalltime()
	m, err := g.runtime.InstantiateModule(t.Context(), g.program, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return stdout.String()
}
