package roundtrip

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
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
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	// What package guest imports, of which a program without a host calls nothing.
	host := r.NewHostModuleBuilder("cofaas:host/runtime")
	host.NewFunctionBuilder().WithFunc(func(network, networkLen, addr, addrLen uint32) {}).Export("ready")
	host.NewFunctionBuilder().WithFunc(func(service, serviceLen, status uint32) {}).Export("set-serving-status")
	host.NewFunctionBuilder().WithFunc(func(result uint32) {}).Export("metadata")
	if _, err := host.Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	program, err := r.CompileModule(ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{r, program}
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
