package generate

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
	"github.com/cofaas/cofaas/internal/staging"
)

const cgoFile = `package main

// #cgo CFLAGS: -I${SRCDIR}/include
// #include "twice.h"
import "C"

func twice(x int) int { return int(C.twice(C.int(x))) }

var four = twice(2)
`

// nativeWorkspace is a workspace of which neither function compiles for wasip1: one uses cgo, the other a module that is for machines.
func nativeWorkspace(t *testing.T) (dir string) {
	t.Helper()
	dir = workspace(t)
	write(t, filepath.Join(dir, "fns/calls/hello/twice.go"), cgoFile)
	write(t, filepath.Join(dir, "fns/calls/hello/include/twice.h"), "static int twice(int x) { return 2 * x; }\n")
	hello := strings.Replace(helloMain, "localhost:0", "localhost:0\"[four*0:]+\"", 1)
	write(t, filepath.Join(dir, "fns/calls/hello/main.go"), hello)
	calls := strings.Replace(callsMain, "\"google.golang.org/grpc\"\n", "\"example.com/machine\"\n\t\"google.golang.org/grpc\"\n", 1)
	calls = strings.Replace(calls, "func main() {\n", "func main() {\n\tif _, err := machine.Name(); err != nil {\n\t\tlog.Fatal(err)\n\t}\n", 1)
	write(t, filepath.Join(dir, "fns/calls/main.go"), calls)
	require(t, filepath.Join(dir, "fns/calls"), "example.com/machine", "v1.0.0")
	return dir
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// TestRun_Native builds functions natively that cannot be guests.
func TestRun_Native(t *testing.T) {
	if testing.Short() {
		t.Skip("builds functions")
	}
	dir := nativeWorkspace(t)
	opts := Options{Dir: dir, ImportPaths: []string{filepath.Join(dir, "protos")}, StageDir: t.TempDir(), Tool: "1"}

	_, err := Run(t.Context(), opts)
	for _, want := range []string{
		"fns/calls/hello/main.go:18:46: undefined: four",
		"dependency example.com/machine v1.0.0 does not compile for wasip1: " + filepath.Join(dir, "fns/calls/main.go") + ":11:2: build constraints exclude all Go files",
		"function hello does not compile for wasip1, and does for " + platform() + ": -place hello=native remains",
		"function calls does not compile for wasip1, because of example.com/machine v1.0.0, and does for " + platform() + ": -place calls=native remains",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwhich lacks %s", err, want)
		}
	}

	// One function says it in its line, the other on the command line.
	main := filepath.Join(dir, "fns/calls/hello/main.go")
	write(t, main, strings.Replace(read(t, main), "go tool cofaas-gen", "go tool cofaas-gen -place native", 1))
	opts.Place = []string{"calls=native"}
	report, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, root := range []string{"fns/calls/cofaas", "fns/calls/hello/cofaas"} {
		for _, name := range []string{"app.binpb", "app.wit", "guests/.gitignore", "main.go"} {
			want = append(want, root+"/"+name)
		}
	}
	want = append(want, "fns/calls/cofaas/guests/calls.native", "fns/calls/cofaas/guests/hello.native", "fns/calls/hello/cofaas/guests/hello.native")
	if diff := cmp.Diff(relatives(t, dir, joined(dir, want)), relatives(t, dir, report.Changed)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	for name, cgo := range map[string]string{"calls": "0", "hello": "1"} {
		program := filepath.Join(dir, "fns/calls/cofaas/guests", name+".native")
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if info.Path != "example.com/"+name || settings["GOOS"]+"/"+settings["GOARCH"] != platform() || settings["CGO_ENABLED"] != cgo || settings["-trimpath"] != "true" {
			t.Errorf("%s is built as %s with %v", name, info.Path, settings)
		}
		if file, err := elf.Open(program); runtime.GOOS == "linux" {
			if err != nil {
				t.Fatal(err)
			}
			if libs, err := file.ImportedLibraries(); err != nil || len(libs) > 0 {
				t.Errorf("%s needs the libraries %v, %v", name, libs, err)
			}
			file.Close()
		}
	}
	if again, err := Run(t.Context(), opts); err != nil || !again.UpToDate {
		t.Errorf("the second run: %+v, %v", again, err)
	}
	write(t, filepath.Join(dir, "fns/calls/hello/include/twice.h"), "static int twice(int x) { return x + x; }\n")
	f, err := find(t.Context(), &opts)
	if err != nil {
		t.Fatal(err)
	}
	if prints, err := newFingerprints(&opts, f); err != nil || prints.fresh() {
		t.Errorf("a change of a header goes unnoticed, %v", err)
	}
}

func joined(dir string, names []string) []string {
	var list []string
	for _, name := range names {
		list = append(list, filepath.Join(dir, name))
	}
	return list
}

// TestRun_Places moves functions from place to place.
func TestRun_Places(t *testing.T) {
	if testing.Short() {
		t.Skip("builds functions")
	}
	dir := workspace(t)
	calls := filepath.Join(dir, "fns/calls/cofaas")
	opts := Options{Dir: dir, Patterns: []string{"./fns/calls"}, ImportPaths: []string{filepath.Join(dir, "protos")}, StageDir: t.TempDir(), Tool: "1"}
	for _, tt := range []struct {
		place  []string
		guests []string
		main   []string // in the host's main
		no     string
	}{
		{[]string{"hello=native"}, []string{"calls.wasm", "hello.native"},
			[]string{`Places: []string{"native"}`, `{From: "calls", To: "hello", Service: "helloworld.Greeter"}`}, ""},
		{[]string{"hello=wasm,native", "calls=native"}, []string{"calls.native", "hello.native", "hello.wasm"},
			[]string{`Places: []string{"native"}`, `Places: []string{"wasm", "native"}`}, ""},
		{[]string{"hello=remote"}, []string{"calls.wasm"}, []string{`{From: "calls", Service: "helloworld.Greeter"}`}, `Name: "hello"`},
		{nil, []string{"calls.wasm", "hello.wasm"}, []string{`{From: "calls", To: "hello", Service: "helloworld.Greeter"}`}, "Places"},
	} {
		opts.Place = tt.place
		if _, err := Run(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(calls, "guests/*"))
		if err != nil {
			t.Fatal(err)
		}
		var guests []string
		for _, name := range files {
			if name = filepath.Base(name); name != ".gitignore" {
				guests = append(guests, name)
			}
		}
		if diff := cmp.Diff(tt.guests, guests); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.place, diff)
		}
		main := read(t, filepath.Join(calls, "main.go"))
		for _, want := range tt.main {
			if !strings.Contains(main, want) {
				t.Errorf("%v: the main lacks %s:\n%s", tt.place, want, main)
			}
		}
		if tt.no != "" && strings.Contains(main, tt.no) {
			t.Errorf("%v: the main has %s:\n%s", tt.place, tt.no, main)
		}
		if _, err := os.Stat(filepath.Join(calls, bindingsDir, "doc.go")); os.IsNotExist(err) != (len(tt.place) == 2) {
			t.Errorf("%v: bindings: %v", tt.place, err)
		}
		if stale, err := Check(t.Context(), opts); err != nil || len(stale) > 0 {
			t.Errorf("%v: stale: %v, %v", tt.place, stale, err)
		}
		other := opts
		if other.Place = []string{"hello=native,wasm"}; tt.place == nil {
			if stale, err := Check(t.Context(), other); err != nil || len(stale) == 0 {
				t.Errorf("another place is not stale: %v, %v", stale, err)
			}
		}
	}
}

// annotated is three functions, of which the lines say something.
func annotated(args map[string][]string) []analyzer.Annotated {
	var all []analyzer.Annotated
	for i, name := range []string{"cart", "front", "mail"} {
		all = append(all, analyzer.Annotated{PkgPath: "a/" + name, Dir: "/a/" + name, File: "/a/" + name + "/main.go", Line: i + 3, Args: args[name]})
	}
	return all
}

func placesOf(opts *Options, args map[string][]string) (*places, error) {
	lines, err := parseLines(annotated(args))
	if err != nil {
		return nil, err
	}
	return statedPlaces(opts, lines)
}

func TestStatedPlaces(t *testing.T) {
	lines := map[string][]string{"cart": {"-q", "-place", "native"}, "front": {"-place=mail=remote", "-place", "wasm,native"}, "mail": {"-place", "mail=native"}}
	for _, tt := range []struct {
		opts           Options
		root, function string
		want           string
	}{
		{Options{Dir: "/a"}, "", "cart", "native"},
		{Options{Dir: "/a"}, "front", "cart", "native"},
		{Options{Dir: "/a"}, "front", "front", "wasm,native"},
		{Options{Dir: "/a"}, "front", "mail", "remote"},
		{Options{Dir: "/a"}, "", "mail", "native"},
		{Options{Dir: "/a"}, "cart", "mail", "native"},
		{Options{Dir: "/a", Place: []string{"mail=wasm"}}, "front", "mail", "wasm"},
		{Options{Dir: "/a/cart", Place: []string{"native"}}, "mail", "cart", "native"}, // go generate
		{Options{Dir: "/a/cart", Place: []string{"wasm"}}, "mail", "cart", "wasm"},
		{Options{Dir: "/a/front", Place: []string{"mail=remote", "wasm,native"}}, "cart", "mail", "native"}, // go generate: the line is that of one host
	} {
		p, err := placesOf(&tt.opts, lines)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, place := range p.In(tt.root, tt.function) {
			got = append(got, string(place))
		}
		if s := strings.Join(got, ","); s != tt.want {
			t.Errorf("%+v: %s in the host of %s: %s, want %s", tt.opts, tt.function, tt.root, s, tt.want)
		}
	}
}

func TestStatedPlaces_Errors(t *testing.T) {
	_, err := placesOf(&Options{Dir: "/a", Place: []string{"native", "x=wasm", "cart=here", "mail=native", "mail=wasm"}}, map[string][]string{
		"cart":  {"-place", "remote"},
		"front": {"-place", "mial=native", "-place=mail=native", "-place=mail=wasm", "-place", "wsm"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"/a/cart/main.go:3: -place remote: cart is the root of the host that this makes, and a host runs its root: say -place cart=remote for hosts that are to do without it",
		"/a/front/main.go:4: -place mial=native: there is no function mial: the functions are cart, front, mail",
		"/a/front/main.go:4: -place mail=wasm: it is said twice where mail runs",
		`/a/front/main.go:4: -place wsm: "wsm" is no place for a function: want wasm, native or remote`,
		"\n-place native: names no function, and the folder is that of none: want FUNCTION=native\n",
		"-place x=wasm: there is no function x: the functions are cart, front, mail",
		`-place cart=here: "here" is no place for a function: want wasm, native or remote`,
		"-place mail=wasm: it is said twice where mail runs",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwhich lacks %s", err, want)
		}
	}
}

// TestPlaces_Refused has functions placed in hosts that they are not in, and roots that are remote.
func TestPlaces_Refused(t *testing.T) {
	if testing.Short() {
		t.Skip("loads functions")
	}
	dir := workspace(t)
	main := filepath.Join(dir, "fns/calls/hello/main.go")
	write(t, main, strings.Replace(helloMain, "go tool cofaas-gen", "go tool cofaas-gen -place calls=native", 1))
	opts := Options{Dir: dir, ImportPaths: []string{filepath.Join(dir, "protos")}, Tool: "1"}
	_, _, err := Plan(t.Context(), opts)
	want := main + ":4: -place calls=native: the host of hello has no function calls, which it does not reach: " +
		"a line says where functions of its own host run; what is to hold in every host belongs into the line of calls, without the name"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}

	write(t, main, helloMain)
	opts.Patterns, opts.Place = []string{"./fns/calls/hello"}, []string{"hello=remote", "calls=native"}
	_, _, err = Plan(t.Context(), opts)
	for _, want := range []string{
		"-place hello=remote: hello is the root of a host that is generated, and a host runs its root: choose the packages of other functions, or another place",
		"-place calls=native: no host that is generated has the function calls",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwhich lacks %s", err, want)
		}
	}
}

func TestHinted(t *testing.T) {
	guest := program{&plan.Function{Name: "cart"}, placement.Wasm}
	native := program{guest.function, placement.Native}
	own := errors.New("main.go:1:1: undefined: x")
	dependency := &staging.DependencyError{Path: "example.com/a", Version: "v1.0.0", Err: errors.New("a.go:1:1: missing function body"), Advice: "no version is known that does"}
	if err := hinted(guest, own); err != own {
		t.Errorf("got %v", err)
	}
	if err := hinted(native, dependency); err != dependency {
		t.Errorf("got %v", err)
	}
	const want = `main.go:1:1: undefined: x
dependency example.com/a v1.0.0 does not compile for wasip1: a.go:1:1: missing function body; no version is known that does
function cart does not compile for wasip1, because of example.com/a v1.0.0: with -place cart=native it is compiled for this machine instead`
	if err := hinted(guest, errors.Join(own, dependency)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
