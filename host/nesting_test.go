package host

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/isolate/protocol"
)

// Two functions that call each other without end: the calls end at the depth limit, and nobody is harmed.
func TestRecursion(t *testing.T) {
	ping, pong := &wasm{}, &wasm{}
	toPong := ping.imported("proto:test/back", "echo", i32s(5, 0))
	toPing := pong.imported("proto:test/front", "echo", i32s(5, 0))
	// Act is there to show that both still work.
	newGuestModule(ping, methodCode{"front#echo", relay(toPong, resultAt)}, methodCode{"front#act", returnBlob(localGet(0), localGet(1))})
	newGuestModule(pong, methodCode{"back#echo", relay(toPing, resultAt)}, methodCode{"back#act", returnBlob(localGet(0), localGet(1))})
	s := serve(t, newApp(t, guests{
		{Function{Name: "ping", Exports: []string{"test.Front"}, Imports: []string{"test.Back"}}, ping.binary()},
		{Function{Name: "pong", Exports: []string{"test.Back"}, Imports: []string{"test.Front"}}, pong.binary()},
	}, Edge{"ping", "pong", "test.Back"}, Edge{"pong", "ping", "test.Front"}), Options{MaxInstances: 1, MaxMemory: 4 << 20})

	first := s.functions["ping"].pool.idle[0]
	for range 3 {
		_, err := s.call(t.Context(), "Front/Echo", []byte("abc"))
		got := status.Convert(err)
		if want := "calls between functions nest deeper than 64"; got.Code() != codes.ResourceExhausted || got.Message() != want {
			t.Errorf("got %v: %s, want %v: %s", got.Code(), got.Message(), codes.ResourceExhausted, want)
		}
		// The front's call has depth 0, and there are as many more as may nest.
		if n := s.instances(t); n["ping"]+n["pong"] != protocol.MaxDepth+1 {
			t.Errorf("got %v instances, want %d together", n, protocol.MaxDepth+1)
		}
	}
	found := false
	for _, inst := range s.functions["ping"].pool.idle {
		found = found || inst == first
	}
	if !found {
		t.Error("the first instance was replaced")
	}
	if _, err := s.call(t.Context(), "Front/Act", nil); err != nil {
		t.Error(err)
	}
}

// An import that needs memory asks a guest's cabi_realloc for it. If that calls such an import in turn, the host must end it,
// and must not do so by running out of stack or memory itself.
func TestHostile_nestedRealloc(t *testing.T) {
	const want = "function hostile: guest trapped: " +
		"cabi_realloc: guest trapped: cabi_realloc: guest trapped: cabi_realloc: guest trapped: " +
		"cabi_realloc calls imports that call it again (recovered by wazero)"
	for _, tt := range []struct {
		name    string
		realloc code
	}{
		// Every call from outside has metadata: its authority and content type.
		{"metadata", seq(i32Const(echoResultAt), call(importMetadata), i32Const(heapAt))},
		{"call", seq(callDeep(0, 1, echoResultAt), drop, i32Const(heapAt))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &hostile{realloc: tt.realloc}
			s := serve(t, newApp(t, guests{{hostileRoot, h.guest("front")}, {goodSpec, goodCode}},
				Edge{"hostile", "good", "test.Deep"}), Options{MaxInstances: 1})
			for range 3 {
				_, err := s.call(t.Context(), "Front/Act", []byte("abc"))
				if got := status.Convert(err); got.Code() != codes.Internal || got.Message() != want {
					t.Errorf("got %v: %s\nwant %s", got.Code(), got.Message(), want)
				}
				if n := s.instances(t); n["hostile"] != 0 || n["good"] > maxReallocating {
					t.Errorf("got %v instances", n)
				}
			}
		})
	}
}

// A Go guest may run another goroutine while it makes room, and that may call out: one level of nesting works, and the outer
// call of cabi_realloc goes on as if nothing had happened.
func TestNestedRealloc(t *testing.T) {
	const size, at = 3, 4
	w := &wasm{pages: 1}
	deep := w.imported("proto:test/deep", "echo", i32s(5, 0))
	heap, nested := w.global(heapAt), w.global(0)
	honest := w.function("", i32s(4, 1), 1, bumpRealloc(heap))
	w.function("cabi_realloc", i32s(4, 1), 1,
		localGet(0), localGet(1), localGet(2), localGet(size), call(honest), localSet(at),
		globalGet(nested), eqz, when(
			i32Const(1), globalSet(nested),
			i32Const(dataAt), i32Const(8), i32Const(0), i32Const(0), i32Const(echoResultAt), call(deep),
			i32Const(0), globalSet(nested),
		),
		localGet(at))
	w.function("proto:test/front#echo", i32s(4, 1), 0, returnBlob(localGet(0), localGet(1)))
	w.function("proto:test/front#act", i32s(4, 1), 0, unreachable)
	s := serve(t, newApp(t, guests{{hostileRoot, w.binary()}, {goodSpec, goodCode}}, Edge{"hostile", "good", "test.Deep"}), Options{MaxInstances: 1})
	for range 10 {
		s.checkEcho(t, "Front/Echo")
	}
	for name, n := range s.instances(t) {
		if n != 1 {
			t.Errorf("function %s has %d instances, want 1", name, n)
		}
	}
}

// A call from another function never waits: A calls B calls A, with one instance of each, and everybody at once.
func TestNesting_neverWaits(t *testing.T) {
	s := serve(t, relayApp(t), Options{MaxInstances: 1})
	back := s.functions["back"].pool
	busy, err := back.get(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s.checkEcho(t, "Front/Echo")
	if n := back.size(); n != 2 {
		t.Errorf("got %d instances, want 2", n)
	}
	back.put(busy)
}
