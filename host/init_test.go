package host

import (
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// honest is a guest that serves Front, to be spoilt.
func honest() *wasm {
	return newGuestModule(&wasm{}, methodCode{"front#echo", returnBlob(localGet(0), localGet(1))}, methodCode{"front#act", unreachable})
}

// Guests that never get as far as a call: the host does not start, and says why.
func TestNew_badGuest(t *testing.T) {
	for _, tt := range []struct {
		name string
		code func() []byte
		want string
	}{
		{"not Wasm", func() []byte { return []byte("#!/bin/sh") }, "alone: invalid magic number"},
		{"empty", func() []byte { return []byte{} }, "alone: invalid magic number"},
		{"cut off", func() []byte { b := honest().binary(); return b[:len(b)-1] }, "alone: section code: "},
		{"does not export the method", func() []byte { return newGuestModule(&wasm{}).binary() },
			`function alone: the guest does not export "proto:test/front#echo"`},
		{"unknown module", func() []byte {
			w := &wasm{}
			w.imported("env", "system", i32s(1, 1))
			return newGuestModule(w, methodCode{"front#echo", unreachable}, methodCode{"front#act", unreachable}).binary()
		}, "alone: module[env] not instantiated"},
		{"unknown function", func() []byte {
			w := &wasm{}
			w.imported(runtimeInterface, "root-shell", i32s(0, 0))
			return newGuestModule(w, methodCode{"front#echo", unreachable}, methodCode{"front#act", unreachable}).binary()
		}, `alone: "root-shell" is not exported in module "cofaas:host/runtime"`},
		{"service that it was not given", func() []byte { return relayGuest() }, "alone: module[proto:test/back] not instantiated"},
		{"import of another type", func() []byte {
			w := &wasm{}
			w.imported(runtimeInterface, "ready", i32s(1, 1))
			return newGuestModule(w, methodCode{"front#echo", unreachable}, methodCode{"front#act", unreachable}).binary()
		}, "alone: import func[cofaas:host/runtime.ready]: signature mismatch: i32_i32 != i32i32i32i32_v"},
		{"more memory at the start than it may have", func() []byte {
			w := honest()
			w.pages = 65 // 4 MiB and a page
			return w.binary()
		}, "alone: needs 4259840 bytes of memory to start, and may have 4194304"},
		{"data outside of the memory", func() []byte {
			w := honest()
			w.words(memoryEnd-2, 1)
			return w.binary()
		}, "alone: data[0]: out of bounds memory access"},
		{"start function traps", func() []byte {
			w := honest()
			w.start = unreachable
			return w.binary()
		}, "alone: start function[5] failed: wasm error: unreachable"},
		{"start function calls an import", func() []byte {
			w := &wasm{}
			w.imported(runtimeInterface, "metadata", i32s(1, 0))
			newGuestModule(w, methodCode{"front#echo", unreachable}, methodCode{"front#act", unreachable})
			w.start = seq(i32Const(0), call(0))
			return w.binary()
		}, "alone: start function[6] failed: import called outside of a call"},
		{"_initialize traps", func() []byte {
			w := honest()
			w.function(initialiseExport, i32s(0, 0), 0, unreachable)
			return w.binary()
		}, "function alone: initialisation: guest trapped: wasm error: unreachable"},
		{"main returns", func() []byte {
			w := honest()
			w.function(initComponentExport, i32s(0, 1), 0, i32Const(1))
			return w.binary()
		}, "function alone: main returned before it served: it has to reach (*grpc.Server).Serve"},
		{"main traps", func() []byte {
			w := honest()
			w.function(initComponentExport, i32s(0, 1), 0, unreachable)
			return w.binary()
		}, "function alone: main: guest trapped: wasm error: unreachable"},
		{"main exits", func() []byte {
			w := &wasm{}
			exit := w.imported("wasi_snapshot_preview1", "proc_exit", i32s(1, 0))
			newGuestModule(w, methodCode{"front#echo", unreachable}, methodCode{"front#act", unreachable})
			w.function(initComponentExport, i32s(0, 1), 0, i32Const(3), call(exit), unreachable)
			return w.binary()
		}, "function alone: main: guest exited with code 3"},
		{"control block out of bounds", func() []byte {
			w := honest()
			w.function(controlExport, i32s(0, 1), 0, i32Const(memoryEnd-controlSize+1))
			return w.binary()
		}, "function alone: the control block is out of bounds"},
		{"control block that wraps", func() []byte {
			w := honest()
			w.function(controlExport, i32s(0, 1), 0, i32Const(0xffffffff))
			return w.binary()
		}, "function alone: the control block is out of bounds"},
		{"control block traps", func() []byte {
			w := honest()
			w.function(controlExport, i32s(0, 1), 0, unreachable)
			return w.binary()
		}, "function alone: control block: guest trapped: wasm error: unreachable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkGoroutines(t)
			app := newApp(t, guests{{aloneSpec, tt.code()}})
			h, err := New(t.Context(), app, Options{MaxMemory: 4 << 20, Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				h.Close()
				t.Fatalf("no error, want %s", tt.want)
			}
			if got, _, _ := strings.Cut(err.Error(), "\n"); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Guests that start, although they are not what the ABI demands: it shows when they are called, and costs that call.
func TestNew_oddGuest(t *testing.T) {
	for _, tt := range []struct {
		name string
		code func() []byte
		want string // of Front/Echo
	}{
		{"no cabi_realloc", func() []byte {
			w := &wasm{pages: 1}
			w.function("proto:test/front#echo", i32s(4, 1), 0, unreachable)
			w.function("proto:test/front#act", i32s(4, 1), 0, unreachable)
			return w.binary()
		}, "function alone: the guest has no cabi_realloc"},
		{"no memory", func() []byte {
			w := &wasm{pages: -1}
			w.function("cabi_realloc", i32s(4, 1), 0, i32Const(8))
			w.function("proto:test/front#echo", i32s(4, 1), 0, i32Const(8))
			w.function("proto:test/front#act", i32s(4, 1), 0, i32Const(8))
			return w.binary()
		}, "function alone: cabi_realloc: address 0x8 with 3 bytes is out of bounds: the memory has 0"},
		{"more parameters than the ABI has", func() []byte {
			w := newGuestModule(&wasm{}, methodCode{"front#act", unreachable})
			w.function("proto:test/front#echo", i32s(40, 1), 0, unreachable)
			return w.binary()
		}, "function alone: guest trapped: need 40 params, but stack size is 17"},
		{"no result", func() []byte {
			w := newGuestModule(&wasm{}, methodCode{"front#act", unreachable})
			w.function("proto:test/front#echo", i32s(4, 0), 0)
			return w.binary()
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, newApp(t, guests{{aloneSpec, tt.code()}}), Options{})
			for range 2 {
				_, err := s.call(t.Context(), "Front/Echo", []byte("abc"))
				got := status.Convert(err)
				if got.Code() != codes.Internal || tt.want != "" && got.Message() != tt.want {
					t.Errorf("got %v: %s, want %v: %s", got.Code(), got.Message(), codes.Internal, tt.want)
				}
			}
		})
	}
}

// Whatever the operator allows, a memory stays a page short of what 32 bits can address: its size must fit in them too.
func TestMaxMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reserves 4 GiB of address space")
	}
	grow := func(pages, want uint32) code {
		return seq(i32Const(pages), memoryGrow, i32Const(want), sub, when(unreachable))
	}
	h := &hostile{
		control: []uint32{0, 0},
		act:     seq(grow(1<<16-1, 0xffffffff), grow(1<<16-2, 1), grow(1, 0xffffffff), i32Const(resultAt)),
		result:  shape(0, 0, 0, 0, 0, 0, 0, 0),
	}
	s := serve(t, newApp(t, guests{{hostileRoot, h.guest("front")}, {goodSpec, goodCode}}, Edge{"hostile", "good", "test.Deep"}),
		Options{MaxMemory: 1 << 40, MaxInstances: 1})
	if _, err := s.call(t.Context(), "Front/Act", nil); err != nil {
		t.Fatal(err)
	}
	if got := len(s.functions["hostile"].pool.idle[0].Bytes()); got != 1<<32-pageSize {
		t.Errorf("got %d bytes", got)
	}
}

// An app that does not hang together. Nothing is left of what was begun.
func TestNew_Errors(t *testing.T) {
	valid := func() *App {
		return newApp(t, guests{{frontSpec, relayGuest()}, {backSpec, echoGuest("back#echo", "back#act")}}, Edge{"front", "back", "test.Back"})
	}
	for _, tt := range []struct {
		name  string
		spoil func(*App)
		want  string
	}{
		{"version of the ABI", func(a *App) { a.ABI = 0 },
			"the app was generated for version 0 of the host's ABI, and this is version 3: run go generate again"},
		{"descriptors", func(a *App) { a.Descriptors = []byte{0xff} }, "descriptors: proto: "},
		{"no root", func(a *App) { a.Root = "other" }, `root function "other" is not in the app`},
		{"function twice", func(a *App) { a.Functions = append(a.Functions, a.Functions[0]) }, "function front is listed twice"},
		{"unknown service", func(a *App) { a.Functions[0].Exports = []string{"test.None"} }, "function front: service test.None is not in the descriptors"},
		{"a message for a service", func(a *App) { a.Functions[0].Exports = []string{"test.Blob"} }, "function front: service test.Blob is not in the descriptors"},
		{"edge to nowhere", func(a *App) { a.Edges = append(a.Edges, Edge{"front", "none", "test.Deep"}) }, "edge front -> none: no such function"},
		{"no edge", func(a *App) { a.Edges = nil }, "function front calls test.Back, and no edge says who answers"},
		{"edge to a function without the service", func(a *App) { a.Functions[1].Exports = []string{"test.Deep"} },
			"edge front -> back: back does not export test.Back"},
		{"everything at once", func(a *App) { a.Root = "other"; a.Edges[0].To = "none" },
			"root function \"other\" is not in the app\nedge front -> none: no such function"},
		{"guest not built", func(a *App) { delete(a.Guests.(fstest.MapFS), "guests/back.wasm") },
			"function back: its guest has not been built when this host was compiled: run go generate in the function's package, and build again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkGoroutines(t)
			app := valid()
			tt.spoil(app)
			h, err := New(t.Context(), app, Options{Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				h.Close()
				t.Fatalf("no error, want %s", tt.want)
			}
			// protobuf-go varies the spaces in its messages on purpose.
			if got := strings.ReplaceAll(err.Error(), "\u00a0", " "); got != tt.want && !(strings.HasSuffix(tt.want, ": ") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
