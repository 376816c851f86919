package wasmopt

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/cofaas/cofaas/internal/abi"
)

// program is testdata/program, compiled by the Go command in use.
var program = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "wasmopt")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "program.wasm")
	cmd := exec.Command("go", "build", "-o", out, "./testdata/program")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
})

func compiled(t testing.TB) []byte {
	t.Helper()
	wasm, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// functions returns the bodies in the code section.
func functions(t *testing.T, wasm []byte) [][]byte {
	t.Helper()
	r := &reader{b: wasm, at: len(magic)}
	for r.more() {
		id, section := r.byte(), r.bytes(r.u32())
		if id != sectionCode {
			continue
		}
		s := &reader{b: section}
		var out [][]byte
		for n := s.u32(); n > 0; n-- {
			out = append(out, s.bytes(s.u32()))
		}
		if s.err != nil {
			t.Fatal(s.err)
		}
		return out
	}
	t.Fatal("no code section", r.err)
	return nil
}

// resumes returns the values of PC_B with which a function may be called: zero, and those for blocks with or after a call.
func (f *function) resumes(body []byte) []int {
	values := []int{0}
	if f.rewrite(body, new(Stats)) == nil {
		return values
	}
	for pc, b := range f.table {
		if pc > 0 && (f.blocks[b].calls || b > 0 && f.blocks[b-1].calls) {
			values = append(values, pc)
		}
	}
	return values
}

func meterOf(t *testing.T, wasm []byte) *meter {
	t.Helper()
	sections, err := split(wasm)
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMeter(sections)
	if err != nil || m == nil {
		t.Fatal("no meter", err)
	}
	return m
}

// Every function of a program that has all of the standard library's ways to write one keeps its control flow.
func TestModule_controlFlow(t *testing.T) {
	before := compiled(t)
	after, stats, err := Module(before)
	if err != nil {
		t.Fatal(err)
	}
	a, b := functions(t, before), functions(t, after)
	if len(a)+1 != len(b) || len(a) != stats.Functions { // and the one that looks
		t.Fatalf("%d functions became %d, or %d", len(a), len(b), stats.Functions)
	}
	meter := meterOf(t, before)
	var f function
	for i := range a {
		if err := sameControlFlow(a[i], b[i], meter, f.resumes(a[i])); err != nil {
			t.Errorf("function %d: %v", i, err)
		}
	}
	// If these fall, the compiler has changed what it makes.
	if stats.Changed < stats.Functions*9/10 || stats.Direct < stats.Jumps*8/10 || stats.Jumps == 0 {
		t.Errorf("got %+v", stats)
	}
	t.Logf("%+v", stats)
}

// sameControlFlow notices what it is for.
func TestSameControlFlow_Errors(t *testing.T) {
	before := compiled(t)
	var f function
	noticed, tried := 0, 0
	for _, body := range functions(t, before) {
		after := bytes.Clone(f.rewrite(body, new(Stats)))
		if after == nil || len(f.blocks) < 4 {
			continue
		}
		m, err := newMachine(after, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range m.instrs {
			if in.op == opBr && in.arg > 0 && in.arg < 0x3f {
				after[in.from+1]-- // a jump to another block
				tried++
				if sameControlFlow(body, after, nil, f.resumes(body)) != nil {
					noticed++
				}
				break
			}
		}
		if tried == 200 {
			break
		}
	}
	// Some jumps are dead code, and some blocks are empty.
	if noticed < tried*8/10 || tried < 100 {
		t.Errorf("noticed %d of %d changes", noticed, tried)
	}
}

// The program does the same before and after, and as natively.
func TestModule_behaviour(t *testing.T) {
	before := compiled(t)
	after, _, err := Module(before)
	if err != nil {
		t.Fatal(err)
	}
	native, err := exec.Command("go", "run", "./testdata/program").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		wasm []byte
	}{{"before", before}, {"after", after}} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(t, tt.wasm); got != string(native) {
				t.Errorf("got\n%s\nnatively\n%s", got, native)
			}
		})
	}
}

func run(t *testing.T, wasm []byte) string {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	var stdout, stderr bytes.Buffer
	_, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().
		WithStdout(&stdout).WithStderr(&stderr).WithSysNanotime().WithSysWalltime())
	if exit, ok := err.(*sys.ExitError); err != nil && (!ok || exit.ExitCode() != 0) {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return stdout.String()
}

// A loop that does not end leaves the guest's code again and again, where it can be ended.
func TestModule_stop(t *testing.T) {
	wasm, _, err := Module(compiled(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	rt := wazero.NewRuntime(ctx)
	defer rt.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	code, err := rt.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	for _, loop := range []string{"empty", "inner", "calls", "nested", "goroutines"} {
		t.Run(loop, func(t *testing.T) {
			stdout, started := io.Pipe()
			guest, err := rt.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName(loop).WithStartFunctions().
				WithArgs("program", "loop", loop).WithStdout(started))
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			go func() {
				_, err := guest.ExportedFunction("_start").Call(ctx)
				ended <- err
			}()
			if _, err := stdout.Read(make([]byte, len("started\n"))); err != nil {
				t.Fatal(err)
			}
			runtime.GC() // would wait for a guest that does not leave its code
			guest.ExportedGlobal(abi.StopGlobal).(api.MutableGlobal).Set(1)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "unreachable") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What was not compiled by Go is left alone.
func TestModule_foreign(t *testing.T) {
	for _, tt := range []struct {
		name string
		wasm []byte
	}{
		{"empty", magic},
		{"custom section", append(bytes.Clone(magic), 0, 2, 1, 'x')},
		// A function with a table that is not one of blocks.
		{"br_table", append(bytes.Clone(magic), 10, 14, 1, 12, 0,
			0x02, 0x40, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x0b, 0x0b)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, stats, err := Module(tt.wasm)
			if err != nil || !bytes.Equal(got, tt.wasm) || stats.Changed > 0 {
				t.Errorf("got % x, %+v, %v", got, stats, err)
			}
		})
	}
}

func TestModule_Errors(t *testing.T) {
	for _, tt := range []struct {
		name string
		wasm []byte
		want string
	}{
		{"not Wasm", []byte("#!/bin/sh"), "wasmopt: not a WebAssembly module"},
		{"section", append(bytes.Clone(magic), 10, 9, 1), errTruncated.Error()},
		{"function", append(bytes.Clone(magic), 10, 2, 1, 9), errTruncated.Error()},
		{"size", append(bytes.Clone(magic), 10, 0xff, 0xff, 0xff, 0xff, 0xff, 1), "wasmopt: integer at 14 is too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := Module(tt.wasm); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Whatever the input, there is no panic, and functions that are nested well are so afterwards.
func FuzzModule(f *testing.F) {
	r := &reader{b: compiled(f), at: len(magic)}
	for r.more() {
		if id, section := r.byte(), r.bytes(r.u32()); id == sectionCode {
			s := &reader{b: section}
			for i := range s.u32() {
				if body := s.bytes(s.u32()); i%97 == 0 && len(body) < 4096 {
					f.Add(body)
					f.Add(append(bytes.Clone(body), opElse)) // of nothing
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var fn function
		after := fn.rewrite(body, new(Stats))
		if after == nil {
			return
		}
		if _, err := newMachine(body, nil); err != nil {
			return // No valid module has such a function, nor does wazero take it afterwards.
		}
		if _, err := newMachine(after, nil); err != nil {
			t.Error(err)
		}
	})
}

// Loops let the host look by calling the import for it, if the module has it.
func TestMeter_flush(t *testing.T) {
	name := func(s string) []byte { return append(appendU32(nil, uint32(len(s))), s...) }
	sections := func(imports ...[2]string) []section {
		content := appendU32(nil, uint32(len(imports)))
		for _, i := range imports {
			content = append(append(append(content, name(i[0])...), name(i[1])...), 0, 0)
		}
		empty := []byte{0}
		return []section{
			{id: sectionType, content: []byte{1, typeFunc, 0, 0}},
			{id: sectionImport, content: content},
			{id: sectionFunction, content: empty},
			{id: sectionGlobal, content: empty},
			{id: sectionExport, content: empty},
			{id: sectionCode, content: empty},
		}
	}
	for _, tt := range []struct {
		name    string
		imports [][2]string
		want    []byte
	}{
		{"import", [][2]string{{"a", "flush"}, {abi.StreamsInterface, "send"}, {abi.StreamsInterface, abi.FlushImport}}, []byte{opCall, 2, opGlobalGet}},
		{"no import", [][2]string{{"a", "flush"}, {abi.StreamsInterface, "send"}}, []byte{opI32Const, 0, opMemoryGrow, 0, opDrop, opGlobalGet}},
	} {
		m, err := newMeter(sections(tt.imports...))
		if err != nil || m == nil {
			t.Fatalf("%s: %v, %v", tt.name, m, err)
		}
		if !bytes.Contains(m.body(), tt.want) {
			t.Errorf("%s: got % x, want % x in it", tt.name, m.body(), tt.want)
		}
	}
}
