package host

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/internal/protoload"
)

// Guests of the tests are written by hand in Wasm, by nothing but the canonical ABI, so they show what the host makes of guests
// that know nothing of package guest.

// Their memory: results at resultAt, and what cabi_realloc gives out from heapAt on, until the method's cabi_post frees it.
const (
	resultAt = 64
	heapAt   = 4096
	pageSize = 1 << 16
)

// bumpRealloc is the body of a cabi_realloc: it aligns, takes, and grows the memory as needed. heap is a global.
func bumpRealloc(heap uint32) code {
	const align, size, at = 2, 3, 4
	return seq(
		globalGet(heap), localGet(align), add, i32Const(1), sub,
		i32Const(0), localGet(align), sub, and, localSet(at),
		localGet(at), localGet(size), add, globalSet(heap),
		globalGet(heap), memorySize, i32Const(16), shl, gtU,
		when(
			globalGet(heap), memorySize, i32Const(16), shl, sub, i32Const(pageSize-1), add, i32Const(16), shrU,
			memoryGrow, i32Const(0xffffffff), sub, eqz, when(unreachable),
		),
		localGet(at),
	)
}

// returnBlob is the end of a method that answers with a Blob: its data are at the address and of the length that two pieces of
// code give.
func returnBlob(ptr, n code) code {
	return seq(
		i32Const(resultAt), i32Const(0), store8(0),
		i32Const(resultAt), ptr, store(4),
		i32Const(resultAt), n, store(8),
		i32Const(resultAt), i32Const(0), store(12),
		i32Const(resultAt), i32Const(0), store(16),
		i32Const(resultAt),
	)
}

// method is one exported method of a guest, or its part of a method's work.
type methodCode struct {
	name string // as "front#echo"
	body code
}

// newGuestModule adds an allocator and methods that take a Blob. cabi_post frees everything.
func newGuestModule(w *wasm, methods ...methodCode) *wasm {
	w.pages = 1
	heap := w.global(heapAt)
	w.function("cabi_realloc", i32s(4, 1), 1, bumpRealloc(heap))
	for _, m := range methods {
		w.function("proto:test/"+m.name, i32s(4, 1), 0, m.body)
		w.function("cabi_post_proto:test/"+m.name, i32s(1, 0), 0, i32Const(heapAt), globalSet(heap))
	}
	return w
}

// echoGuest answers with what it is sent.
func echoGuest(methods ...string) []byte {
	var m []methodCode
	for _, name := range methods {
		m = append(m, methodCode{name, returnBlob(localGet(0), localGet(1))})
	}
	return newGuestModule(&wasm{}, m...).binary()
}

// relay is the body of a method that hands its request to an import and returns what comes of it.
func relay(to, result uint32) code {
	return seq(localGet(0), localGet(1), localGet(2), localGet(3), i32Const(result), call(to), i32Const(result))
}

// relayGuest serves Front by calling Back.
func relayGuest() []byte {
	w := &wasm{}
	echo := w.imported("proto:test/back", "echo", i32s(5, 0))
	act := w.imported("proto:test/back", "act", i32s(5, 0))
	return newGuestModule(w, methodCode{"front#echo", relay(echo, resultAt)}, methodCode{"front#act", relay(act, resultAt)}).binary()
}

// guests are functions with their guests.
type guests []struct {
	Function
	code []byte
}

var descriptors = sync.OnceValues(func() ([]byte, error) {
	files, err := protoload.Load(context.Background(), protoload.Options{FS: os.DirFS("testdata")}, "test.proto")
	if err != nil {
		return nil, err
	}
	return proto.Marshal(files.DescriptorSet())
})

// newApp describes guests as an app; the first is the root.
func newApp(t testing.TB, g guests, edges ...Edge) *App {
	t.Helper()
	set, err := descriptors()
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	app := &App{ABI: ABIVersion, Root: g[0].Name, Descriptors: set, Guests: fsys, Edges: edges}
	for _, f := range g {
		fsys["guests/"+f.Name+".wasm"] = &fstest.MapFile{Data: f.code}
		app.Functions = append(app.Functions, f.Function)
	}
	return app
}

// served is a host behind a real gRPC server and client.
type served struct {
	*Host
	conn *grpc.ClientConn
}

// serve starts a host; everything is gone when the test ends, which is checked.
func serve(t testing.TB, app *App, opts Options) *served {
	t.Helper()
	checkGoroutines(t)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := New(t.Context(), app, opts)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(h.ServerOptions()...)
	h.Register(server)
	lis := bufconn.Listen(1 << 20)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Serve(lis)
	}()
	conn, err := grpc.NewClient("passthrough:bufconn",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		<-stopped
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		for name, f := range h.functions {
			if n := f.pool.size(); n != 0 {
				t.Errorf("function %s has %d instances after Close", name, n)
			}
		}
	})
	return &served{h, conn}
}

// call calls a method that takes a Blob, as "Front/Echo"; the reply, of whatever type, is in wire bytes if it is not a Blob.
func (s *served) call(ctx context.Context, method string, data []byte, opts ...grpc.CallOption) ([]byte, error) {
	out := new(wrapperspb.BytesValue)
	err := s.conn.Invoke(ctx, "/test."+method, wrapperspb.Bytes(data), out, opts...)
	return out.GetValue(), err
}

// checkEcho checks that a method still echoes.
func (s *served) checkEcho(t testing.TB, method string) {
	t.Helper()
	want := []byte("echo of " + t.Name())
	if got, err := s.call(t.Context(), method, want); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: got %q, %v", method, got, err)
	}
}

// instances are the numbers of instances by function. All must be idle.
func (s *served) instances(t testing.TB) map[string]int {
	t.Helper()
	n := map[string]int{}
	for name, f := range s.functions {
		f.pool.mu.Lock()
		if len(f.pool.idle) != f.pool.total {
			t.Errorf("function %s: %d of %d instances are idle", name, len(f.pool.idle), f.pool.total)
		}
		n[name] = f.pool.total
		f.pool.mu.Unlock()
	}
	return n
}

// checkGoroutines checks at the end of the test that no goroutine is left that was not there now.
func checkGoroutines(t testing.TB) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		deadline := time.Now().Add(time.Minute)
		for runtime.NumGoroutine() > before {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<20)
				t.Errorf("%d goroutines, %d at the start:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}
