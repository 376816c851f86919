package host

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The imports of hostile guests, by index.
const (
	importDeep = iota
	importReady
	importStatus
	importMetadata
	importExit
)

// hostile is what a guest does in its method Act.
type hostile struct {
	name string
	act  code
	// result is the result<Shape, status> that Act returns unless it has code: 13 words from resultAt on.
	result []uint32
	// data are further words in memory, from dataAt on.
	data []uint32
	// realloc is the body of cabi_realloc if it is not an honest one, post that of Act's cabi_post.
	realloc, post code
	// control gives the guest a control block of these words at controlAt, or where controlAddr says.
	control     []uint32
	controlAddr uint32

	code codes.Code
	// front is the message when a client calls the guest, local that when another function does; empty is the same.
	front, local string
	// alive says that this is not the end of the instance.
	alive bool
	// slow says that once is enough.
	slow bool
}

const (
	dataAt       = 256
	echoResultAt = 512
	controlAt    = 1024
	memoryEnd    = pageSize
)

// guest builds the guest, which serves an interface: Act as above, and an Echo that calls Deep.
func (h *hostile) guest(iface string) []byte {
	w := &wasm{pages: 1}
	w.imported("proto:test/deep", "echo", i32s(5, 0))
	w.imported(runtimeInterface, "ready", i32s(4, 0))
	w.imported(runtimeInterface, "set-serving-status", i32s(3, 0))
	w.imported(runtimeInterface, "metadata", i32s(1, 0))
	w.imported("wasi_snapshot_preview1", "proc_exit", i32s(1, 0))
	heap := w.global(heapAt)
	realloc := h.realloc
	if realloc == nil {
		realloc = bumpRealloc(heap)
	}
	w.function("cabi_realloc", i32s(4, 1), 1, realloc)
	act := h.act
	if act == nil {
		act = i32Const(resultAt)
	}
	w.function("proto:test/"+iface+"#act", i32s(4, 1), 0, act)
	w.function("proto:test/"+iface+"#echo", i32s(4, 1), 0, relay(importDeep, echoResultAt))
	post := h.post
	if post == nil {
		post = seq(i32Const(heapAt), globalSet(heap))
	}
	w.function("cabi_post_proto:test/"+iface+"#act", i32s(1, 0), 0, post)
	w.function("cabi_post_proto:test/"+iface+"#echo", i32s(1, 0), 0, i32Const(heapAt), globalSet(heap))
	if h.control != nil || h.controlAddr != 0 {
		addr := h.controlAddr
		if addr == 0 {
			addr = controlAt
		}
		w.function(controlExport, i32s(0, 1), 0, i32Const(addr))
		w.words(controlAt, h.control...)
	}
	w.words(resultAt, h.result...)
	w.words(dataAt, h.data...)
	return w.binary()
}

// shape is a result<Shape, status> that is ok, but for the words given.
func shape(text, textLen, numbers, numbersLen, blob, data, dataLen, flag uint32) []uint32 {
	return []uint32{0, text, textLen, numbers, numbersLen, blob, data, dataLen, 0, 0, flag, 0, 0}
}

// failed is a result<Shape, status> that is an error.
func failed(code, message, messageLen, details, detailsLen uint32) []uint32 {
	return []uint32{1, code, message, messageLen, details, detailsLen}
}

const internal = codes.Internal

var hostileGuests = []hostile{
	{name: "result out of bounds", act: i32Const(memoryEnd - 4), code: internal,
		front: "function hostile: address 0xfffc with 52 bytes is out of bounds",
		local: "function hostile: address 0xfffc with 52 bytes is out of bounds: the memory has 65536"},
	{name: "result that wraps", act: i32Const(0xfffffffc), code: internal,
		front: "function hostile: address 0xfffffffc with 52 bytes is out of bounds",
		local: "function hostile: address 0xfffffffc with 52 bytes is out of bounds: the memory has 65536"},
	{name: "result not aligned", act: i32Const(resultAt + 1), code: internal,
		front: "function hostile: address 0x45 with 48 bytes is out of bounds or not aligned",
		local: "function hostile: address 0x41 is not a multiple of 4"},
	{name: "discriminant of the result", result: []uint32{2}, code: internal,
		front: "function hostile: the discriminant of a result is neither 0 nor 1",
		local: "function hostile: discriminant is 2 of 2 cases"},
	{name: "string out of bounds", result: shape(memoryEnd, 1, 0, 0, 0, 0, 0, 0), code: internal,
		front: "function hostile: address 0x10000 with 1 bytes is out of bounds or not aligned",
		local: "function hostile: address 0x10000 with 1 bytes is out of bounds: the memory has 65536"},
	{name: "string that wraps", result: shape(0xffffffff, 2, 0, 0, 0, 0, 0, 0), code: internal,
		front: "function hostile: address 0xffffffff with 2 bytes is out of bounds or not aligned",
		local: "function hostile: address 0xffffffff with 2 bytes is out of bounds: the memory has 65536"},
	{name: "huge count", result: shape(0, 0, dataAt, 0xffffffff, 0, 0, 0, 0), code: internal,
		front: "function hostile: address 0x100 with 34359738360 bytes is out of bounds or not aligned",
		local: "function hostile: address 0x100 with 34359738360 bytes is out of bounds: the memory has 65536"},
	{name: "list not aligned", result: shape(0, 0, dataAt+4, 1, 0, 0, 0, 0), code: internal,
		front: "function hostile: address 0x104 with 8 bytes is out of bounds or not aligned",
		local: "function hostile: address 0x104 is not a multiple of 8"},
	{name: "discriminant of an option", result: shape(0, 0, 0, 0, 3, 0, 0, 0), code: internal,
		front: "function hostile: discriminant is 3 of 2 cases"},
	{name: "string that is not UTF-8", result: shape(dataAt, 1, 0, 0, 0, 0, 0, 0), data: []uint32{0xff}, code: internal, alive: true,
		front: "grpc: error while marshaling: string field contains invalid UTF-8",
		local: "grpc: error while marshaling: string field contains invalid UTF-8"},
	{name: "status with a wild message", result: failed(5, memoryEnd, 1, 0, 0), code: internal,
		front: "function hostile: address 0x10000 with 1 bytes is out of bounds: the memory has 65536"},
	{name: "status with wild details", result: failed(5, 0, 0, dataAt, 0x10000000), code: internal,
		front: "function hostile: address 0x100 with 4294967296 bytes is out of bounds: the memory has 65536"},

	{name: "unreachable", act: unreachable, code: internal, front: "function hostile: guest trapped: wasm error: unreachable"},
	{name: "division by zero", act: seq(i32Const(1), i32Const(0), divS), code: internal,
		front: "function hostile: guest trapped: wasm error: integer divide by zero"},
	{name: "access out of bounds", act: seq(i32Const(memoryEnd-3), load(0)), code: internal,
		front: "function hostile: guest trapped: wasm error: out of bounds memory access"},
	{name: "endless recursion", slow: true, act: seq(localGet(0), localGet(1), localGet(2), localGet(3), call(6)), code: internal,
		front: "function hostile: guest trapped: stack overflow"},
	{name: "trap in cabi_post", result: shape(0, 0, 0, 0, 0, 0, 0, 0), post: unreachable, code: internal,
		front: "function hostile: guest trapped: wasm error: unreachable"},
	{name: "exit", act: seq(i32Const(0), call(importExit), unreachable), code: codes.Unavailable,
		front: "function hostile: guest exited with code 0"},
	{name: "exit like a panic", act: seq(i32Const(2), call(importExit), unreachable), code: codes.Unavailable,
		front: "function hostile: guest exited with code 2 (a Go panic, or os.Exit)"},
	{name: "exit in cabi_post", result: shape(0, 0, 0, 0, 0, 0, 0, 0), post: seq(i32Const(3), call(importExit)), code: codes.Unavailable,
		front: "function hostile: guest exited with code 3"},
	{name: "memory until refused, and again", act: seq(
		forever(i32Const(1), memoryGrow, i32Const(0xffffffff), sub, eqz,
			when(i32Const(0x10000), memoryGrow, drop, i32Const(0xffff), memoryGrow, drop, unreachable)), unreachable), code: internal,
		front: "function hostile: guest trapped: wasm error: unreachable"},

	{name: "cabi_realloc traps", realloc: unreachable, code: internal,
		front: "function hostile: guest trapped: wasm error: unreachable"},
	{name: "cabi_realloc exits", realloc: seq(i32Const(1), call(importExit), unreachable), code: codes.Unavailable,
		front: "function hostile: guest exited with code 1"},
	{name: "cabi_realloc gives a wild address", realloc: i32Const(0xfffffff0), code: internal,
		front: "function hostile: cabi_realloc: address 0xfffffff0 with 3 bytes is out of bounds: the memory has 65536"},
	{name: "cabi_realloc gives the end", realloc: i32Const(memoryEnd - 2), code: internal,
		front: "function hostile: cabi_realloc: address 0xfffe with 3 bytes is out of bounds: the memory has 65536"},

	{name: "arena near 2^32", control: []uint32{0xffff0000, 0xfffffff8}, code: internal,
		front: "function hostile: cabi_realloc: address 0xffff0000 with 19 bytes is out of bounds: the memory has 65536",
		local: "function hostile: cabi_realloc: address 0xffff0000 with 3 bytes is out of bounds: the memory has 65536"},
	{name: "arena at the end of the memory", control: []uint32{memoryEnd, 0xfffffff8}, code: internal,
		front: "function hostile: cabi_realloc: address 0x10000 with 19 bytes is out of bounds: the memory has 65536",
		local: "function hostile: cabi_realloc: address 0x10000 with 3 bytes is out of bounds: the memory has 65536"},
	{name: "reply metadata out of bounds", control: replyMeta(memoryEnd-1, 2), result: shape(0, 0, 0, 0, 0, 0, 0, 0), code: internal,
		front: "function hostile: the metadata of a reply is out of bounds or malformed"},
	{name: "reply metadata that wraps", control: replyMeta(0xffffffff, 2), result: shape(0, 0, 0, 0, 0, 0, 0, 0), code: internal,
		front: "function hostile: the metadata of a reply is out of bounds or malformed"},

	{name: "reply metadata that are cut off", control: replyMeta(dataAt, 13), data: []uint32{1, 1, 0, 0}, result: shape(0, 0, 0, 0, 0, 0, 0, 0), code: internal,
		front: "function hostile: the metadata of a reply is out of bounds or malformed"},
	{name: "reply metadata with a huge value", control: replyMeta(dataAt, 16), data: []uint32{1, 0xffffffff, 0, 0}, result: shape(0, 0, 0, 0, 0, 0, 0, 0), code: internal,
		front: "function hostile: the metadata of a reply is out of bounds or malformed"},

	{name: "import with a wild request", act: callDeep(memoryEnd, 1, resultAt), code: internal,
		front: "function hostile: guest trapped: address 0x10000 with 1 bytes is out of bounds: the memory has 65536 (recovered by wazero)"},
	{name: "import with a huge request", act: callDeep(1, 0xffffffff, resultAt), code: internal,
		front: "function hostile: guest trapped: address 0x1 with 4294967295 bytes is out of bounds: the memory has 65536 (recovered by wazero)"},
	{name: "import with a wild result", act: callDeep(0, 1, memoryEnd-4), code: internal,
		front: "function hostile: guest trapped: result: address 0xfffc with 24 bytes is out of bounds: the memory has 65536 (recovered by wazero)"},
	{name: "import whose reply gets no memory", act: callDeep(0, 8, resultAt), code: internal,
		// The first address, which is for the request, is good.
		realloc: seq(i32Const(heapAt), i32Const(listAt), load(0), add, i32Const(listAt), i32Const(0x80000000), store(0)),
		front:   "function hostile: guest trapped: cabi_realloc: address 0x80001000 with 8 bytes is out of bounds: the memory has 65536 (recovered by wazero)"},
	{name: "import with a result that is not aligned", act: callDeep(0, 1, resultAt+2), code: internal,
		front: "function hostile: guest trapped: result: address 0x42 is not a multiple of 4 (recovered by wazero)"},
	{name: "import with wild metadata", control: []uint32{0, 0, 0, 0, 0, 0, 0, 0, memoryEnd, 1, 0, 0}, act: callDeep(0, 0, resultAt), code: internal,
		front: "function hostile: guest trapped: the metadata of a call is out of bounds or malformed (recovered by wazero)"},
	{name: "import with metadata that are cut off", control: []uint32{0, 0, 0, 0, 0, 0, 0, 0, dataAt, 11, 0, 0}, act: callDeep(0, 0, resultAt), code: internal,
		front: "function hostile: guest trapped: the metadata of a call is out of bounds or malformed (recovered by wazero)"},
	{name: "ready with a wild network", act: callRuntime(importReady, memoryEnd, 1, 0, 0), code: internal,
		front: "function hostile: guest trapped: address 0x10000 with 1 bytes is out of bounds (recovered by wazero)"},
	{name: "ready with a wild address", act: callRuntime(importReady, 0, 0, 0xffffffff, 2), code: internal,
		front: "function hostile: guest trapped: address 0xffffffff with 2 bytes is out of bounds (recovered by wazero)"},
	{name: "ready with bytes that are not UTF-8", data: []uint32{0xff}, act: callRuntime(importReady, dataAt, 1, 0, 0), code: internal,
		front: "function hostile: guest trapped: string field contains invalid UTF-8 (recovered by wazero)"},
	{name: "serving status of a wild service", act: callRuntime(importStatus, 1, 0xffffffff, 1), code: internal,
		front: "function hostile: guest trapped: address 0x1 with 4294967295 bytes is out of bounds (recovered by wazero)"},
	{name: "metadata to a wild place", act: callRuntime(importMetadata, memoryEnd-4), code: internal,
		front: "function hostile: guest trapped: address 0xfffc with 8 bytes is out of bounds (recovered by wazero)"},
}

// callDeep calls Deep.Echo with data at an address, and with a place for the result.
func callDeep(ptr, n, result uint32) code {
	return seq(i32Const(ptr), i32Const(n), i32Const(0), i32Const(0), i32Const(result), call(importDeep), i32Const(resultAt))
}

// callRuntime calls a runtime import with constants.
func callRuntime(imported uint32, args ...uint32) code {
	var c code
	for _, a := range args {
		c = append(c, i32Const(a)...)
	}
	return seq(c, call(imported), i32Const(resultAt))
}

// replyMeta is a control block without an arena, whose reply has metadata.
func replyMeta(ptr, n uint32) []uint32 { return []uint32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ptr, n} }

var (
	goodCode    = echoGuest("deep#echo")
	goodSpec    = Function{Name: "good", Exports: []string{"test.Deep"}}
	hostileRoot = Function{Name: "hostile", Exports: []string{"test.Front"}, Imports: []string{"test.Deep"}}
	hostileBack = Function{Name: "hostile", Exports: []string{"test.Back"}, Imports: []string{"test.Deep"}}
)

// Every hostile guest, called by a client and by another function: the caller gets the status, the instance is replaced, and
// nobody else notices.
func TestHostile(t *testing.T) {
	for i := range hostileGuests {
		h := &hostileGuests[i]
		t.Run(h.name, func(t *testing.T) {
			t.Run("front", func(t *testing.T) {
				h.test(t, h.front, newApp(t, guests{{hostileRoot, h.guest("front")}, {goodSpec, goodCode}},
					Edge{"hostile", "good", "test.Deep"}))
			})
			t.Run("local", func(t *testing.T) {
				want := h.local
				if want == "" {
					want = h.front
				}
				h.test(t, want, newApp(t, guests{{frontSpec, relayGuest()}, {hostileBack, h.guest("back")}, {goodSpec, goodCode}},
					Edge{"front", "hostile", "test.Back"}, Edge{"hostile", "good", "test.Deep"}))
			})
		})
	}
}

func (h *hostile) test(t *testing.T, want string, app *App) {
	s := serve(t, app, Options{MaxInstances: 1, MaxMemory: 4 << 20})
	others := map[string]*instance{}
	for name, f := range s.functions {
		others[name] = f.pool.idle[0]
	}
	rounds := 3
	if h.slow {
		rounds = 1
	}
	for range rounds {
		victim := s.functions["hostile"].pool.idle[0]
		_, err := s.call(t.Context(), "Front/Act", []byte("abc"))
		if got := status.Convert(err); got.Code() != h.code || got.Message() != want {
			t.Errorf("got  %v: %s\nwant %v: %s", got.Code(), got.Message(), h.code, want)
		}
		// An honest cabi_realloc and an honest control block are needed to call anything else.
		if h.realloc == nil && h.control == nil {
			s.checkEcho(t, "Front/Echo")
		} else if err := s.start(t.Context()); err != nil {
			t.Error(err)
		}
		for name, n := range s.instances(t) {
			if n != 1 {
				t.Errorf("function %s has %d instances, want 1", name, n)
			}
			if f := s.functions[name]; name != "hostile" && f.pool.idle[0] != others[name] {
				t.Errorf("the instance of function %s was replaced", name)
			}
		}
		if same := s.functions["hostile"].pool.idle[0] == victim; same != h.alive {
			t.Errorf("the hostile instance is still there: %v, want %v", same, h.alive)
		}
	}
}

// Good and bad calls at once: each gets what it deserves, and instances are replaced as they die.
func TestHostile_concurrent(t *testing.T) {
	const clients, calls = 64, 20
	for _, name := range []string{"unreachable", "exit", "import with a wild request", "string out of bounds"} {
		i := slices.IndexFunc(hostileGuests, func(h hostile) bool { return h.name == name })
		h := &hostileGuests[i]
		t.Run(name, func(t *testing.T) {
			s := serve(t, newApp(t, guests{{frontSpec, relayGuest()}, {hostileBack, h.guest("back")}, {goodSpec, goodCode}},
				Edge{"front", "hostile", "test.Back"}, Edge{"hostile", "good", "test.Deep"}), Options{MaxInstances: 4, MaxMemory: 4 << 20})
			var group errgroup.Group
			for c := range clients {
				group.Go(func() error {
					for i := range calls {
						if c%4 == 0 {
							if _, err := s.call(t.Context(), "Front/Act", []byte("abc")); status.Code(err) != h.code {
								return fmt.Errorf("client %d call %d: got %v, want %v", c, i, err, h.code)
							}
							continue
						}
						want := fmt.Sprintf("client %d call %d", c, i)
						if got, err := s.call(t.Context(), "Front/Echo", []byte(want)); err != nil || string(got) != want {
							return fmt.Errorf("%s: got %q, %w", want, got, err)
						}
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
			for name, n := range s.instances(t) {
				if n > 4 {
					t.Errorf("function %s has %d instances, want at most 4", name, n)
				}
			}
		})
	}
}
