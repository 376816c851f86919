package guest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"unsafe"
)

// handlerFunc is a Handler.
type handlerFunc func(c *ServerCall) *Status

func (f handlerFunc) Serve(c *ServerCall) *Status { return f(c) }

// bad is a value that can neither be lifted nor lowered, because of errBad.
const bad = 99

var errBad = errors.New("bad value")

// testExport has a result of 32 bytes, with the reply, a *uint64, at 8.
func testExport(h Handler) *Export {
	old := exports
	defer func() { exports = old }()
	e := NewExport("/test.Service/Method", 16, 32, 8,
		func(r Record, m any) error {
			v, ok := m.(*uint64)
			if !ok {
				return ErrType
			}
			if *v = r.U64(0); *v == bad {
				return errBad
			}
			return nil
		},
		func(_ *Scratch, r Record, m any) error {
			v, ok := m.(*uint64)
			if !ok {
				return ErrType
			}
			if r.PutU64(0, *v); *v == bad {
				return errBad
			}
			return nil
		})
	if h != nil {
		e.Bind(h)
	}
	return e
}

// useArena gives the test an arena with a chunk, as a guest has it that serves.
func useArena(t *testing.T) {
	old := arena
	t.Cleanup(func() { arena, control = old, controlBlock{} })
	control.arenaNext = control.arenaEnd
	replenish(reserve, smallChunk)
}

func resultWords(r Record) [4]uint64 { return *(*[4]uint64)(r.p) }

func TestServe(t *testing.T) {
	useArena(t)
	next := func() *Status { return nil }
	e := testExport(handlerFunc(func(c *ServerCall) *Status {
		var v uint64
		if err := c.Decoder()(&v); err != nil {
			t.Error(err)
		}
		if st := next(); st != nil {
			return st
		}
		v++
		return c.Lower(&v)
	}))
	serve := func(v uint64) [4]uint64 {
		c := e.Enter()
		c.Request().PutU64(0, v)
		return resultWords(c.Serve())
	}
	want := func(got [4]uint64, reply uint64) {
		t.Helper()
		if got != [4]uint64{0, reply, 0, 0} {
			t.Errorf("got %x, want the reply %d", got, reply)
		}
	}
	want(serve(1), 2)
	next = func() *Status { return &Status{Code: 5, Message: "no"} }
	if got := serve(1); got[0] != 1 || uint32(got[1]) != 5 {
		t.Errorf("got %x, want a status", got)
	}
	next = func() *Status { return nil }
	want(serve(3), 4) // and nothing of the status
	next = func() *Status { return e.call.Lower("a string") }
	if got := serve(1); got[0] != 1 || uint32(got[1]) != codeInternal {
		t.Errorf("got %x, want a status for a reply of another type", got)
	}

	e.Bind(unregistered{})
	if got := serve(1); got[0] != 1 || uint32(got[1]) != codeUnimplemented {
		t.Errorf("got %x", got)
	}
	if err := e.Enter().Decoder()("a string"); err == nil {
		t.Error("no error for a request of another type")
	}
}

// statusText is the error that a test makes of a status.
type statusText struct{ *Status }

func (s statusText) Error() string { return s.Message }

// other is a message of a type that bindings do not know.
type other struct{}

func (other) ProtoMessage() {}

// What becomes of messages that cannot be lifted or lowered, and of those of another type.
func TestServe_Failures(t *testing.T) {
	useArena(t)
	defer SetStatusError(statusError)
	SetStatusError(func(st *Status) error { return statusText{st} })
	var request, reply any
	e := testExport(handlerFunc(func(c *ServerCall) *Status {
		if err := c.Decoder()(request); err != nil {
			return err.(statusText).Status
		}
		return c.Lower(reply)
	}))
	n := func(v uint64) *uint64 { return &v }
	for _, tt := range []struct {
		name           string
		value          uint64
		request, reply any
		want           *Status
	}{
		{"request cannot be lifted", bad, n(0), n(0), notLifted(errBad)},
		{"request of another type", 1, other{}, n(0), typeMismatch("/test.Service/Method", other{})},
		{"request that is none", 1, "", n(0), &Status{Code: codeInternal, Message: "grpc: failed to unmarshal the received message: failed to unmarshal, message is string, want proto.Message"}},
		{"reply cannot be lowered", 1, n(0), n(bad), notLowered(errBad)},
		{"reply of another type", 1, n(0), other{}, typeMismatch("/test.Service/Method", other{})},
		{"reply that is none", 1, n(0), "", &Status{Code: codeInternal, Message: "grpc: error while marshaling: proto: failed to marshal, message is string, want proto.Message"}},
		{"neither", 1, n(0), n(2), nil},
	} {
		request, reply = tt.request, tt.reply
		c := e.Enter()
		c.Request().PutU64(0, tt.value)
		got := c.Serve()
		if tt.want == nil {
			if resultWords(got) != [4]uint64{0, 2, 0, 0} {
				t.Errorf("%s: got %x", tt.name, resultWords(got))
			}
		} else if !reflect.DeepEqual(c.st, tt.want) || got.U8(0) != 1 {
			t.Errorf("%s: got %+v, want %+v", tt.name, c.st, tt.want)
		}
	}
	for _, tt := range []struct {
		got  error
		want *Status
	}{
		{e.call.NotLifted(errBad), notLifted(errBad)},
		{e.call.NotLowered(errBad), notLowered(errBad)},
	} {
		if st := tt.got.(statusText); !reflect.DeepEqual(st.Status, tt.want) {
			t.Errorf("a direct handler gets %+v, want %+v", st.Status, tt.want)
		}
	}
}

func TestServe_Unregistered(t *testing.T) {
	if got := resultWords(testExport(nil).Enter().Serve()); got[0] != 1 || uint32(got[1]) != codeUnimplemented {
		t.Errorf("got %x", got)
	}
}

// A call in the middle of another of the same method has memory of its own, and the roots of its request.
func TestEnter_Nested(t *testing.T) {
	useArena(t)
	var e *Export
	depth := 0
	e = testExport(handlerFunc(func(c *ServerCall) *Status {
		if depth++; depth == 1 {
			block := new(uint64)
			hand(unsafe.Pointer(block))
			inner := e.Enter()
			if inner == c {
				t.Error("two calls share a struct")
			}
			inner.Request().PutU64(0, 7)
			if got := resultWords(inner.Serve()); got[1] != 7 {
				t.Errorf("got %x", got)
			}
			if inner.in.handed != nil || arena.handed != nil {
				t.Error("memory is kept")
			}
		} else if c.in.handed == nil {
			t.Error("the request is not rooted")
		}
		var v uint64
		c.Decoder()(&v)
		return c.Lower(&v)
	}))
	c := e.Enter()
	c.Request().PutU64(0, 5)
	if got := resultWords(c.Serve()); got[1] != 5 {
		t.Errorf("got %x", got)
	}
	if e.Enter() != c {
		t.Error("the struct is not used again")
	}
}

func TestServe_Metadata(t *testing.T) {
	useArena(t)
	header := true
	e := testExport(handlerFunc(func(c *ServerCall) *Status {
		if header {
			c.SetHeader([]Pair{{"k", "v"}})
		}
		return c.Lower(new(uint64))
	}))
	e.Enter().Serve()
	if control.replyMetaLen == 0 {
		t.Error("the header is lost")
	}
	control = controlBlock{}
	header = false
	e.Enter().Serve()
	if control.replyMetaLen != 0 {
		t.Error("the header is sent again")
	}
}

// What a request is rooted by, and which requests may be neighbours, by where the host put them.
func TestServe_Roots(t *testing.T) {
	useArena(t)
	var in inbound
	var generation uint32
	e := testExport(handlerFunc(func(c *ServerCall) *Status {
		in, generation = c.in, c.generation
		return c.Lower(new(uint64))
	}))
	fill := func() { control.arenaNext = control.arenaEnd }
	serve := func() { e.Enter().Serve() }

	serve()
	first := generation
	if in != (inbound{chunk: arena.chunk}) || first == 0 {
		t.Errorf("small chunk: rooted by %v, generation %d", in, first)
	}
	serve()
	if in != (inbound{chunk: arena.chunk}) || generation != first {
		t.Errorf("same chunk: rooted by %v, generation %d, want %d", in, generation, first)
	}

	fill()
	reallocate(8)
	serve()
	if in.handed == nil || in.handed.block == in.chunk || generation != 0 {
		t.Errorf("two chunks: rooted by %v, generation %d", in, generation)
	}
	serve()
	if in != (inbound{chunk: arena.chunk}) || generation != first+1 {
		t.Errorf("next chunk: rooted by %v, generation %d, want %d", in, generation, first+1)
	}

	reallocate(largeChunk)
	serve()
	if in.handed == nil || generation != 0 {
		t.Errorf("block of its own: rooted by %v, generation %d", in, generation)
	}
	if e.call.in != unrooted {
		t.Error("the block is kept")
	}

	fill()
	reallocate(100 << 10)
	for range 2 {
		serve()
		if in.chunk != arena.chunk || generation != 0 {
			t.Errorf("medium chunk: rooted by %v, generation %d", in, generation)
		}
		if e.call.in != unrooted {
			t.Error("a large chunk is kept")
		}
	}
}

func TestExport_Direct(t *testing.T) {
	type direct struct{ DirectHandler }
	e := testExport(nil)
	if e.Direct("", 1) != nil {
		t.Error("there is a direct handler without bindings for it")
	}
	e.WithDirect("pkg.handler", func(impl any) DirectHandler {
		if _, ok := impl.(context.Context); ok {
			return direct{}
		}
		return nil
	})
	if e.Direct("pkg.handler", t.Context()) == nil {
		t.Error("no direct handler")
	}
	if e.Direct("pkg.handler", 1) != nil || e.Direct("pkg.wrapper", t.Context()) != nil {
		t.Error("there is a direct handler for another implementation or handler")
	}
}

func TestSlab(t *testing.T) {
	var s Slab[uint64]
	c := new(ServerCall)
	seen := map[*uint64]bool{}
	next := func() int {
		m := s.Next(c)
		if seen[m] || *m != 0 {
			t.Fatal("a request is handed out twice")
		}
		seen[m] = true
		*m = 1
		return len(s.slab)
	}
	take := func(n int) (sizes []int) {
		for range n {
			sizes = append(sizes, next())
		}
		return sizes
	}
	c.generation = 1
	for i, got := range take(64) {
		want := maxSlab
		for _, size := range []int{8, 4, 2, 1} {
			if i < 2*size-1 {
				want = size
			}
		}
		if got != want {
			t.Fatalf("request %d has %d neighbours, want %d", i, got-1, want-1)
		}
	}
	c.generation = 2
	if got := take(2); got[0] != 1 || got[1] != 2 {
		t.Errorf("a new chunk starts with slabs of %v", got)
	}
	c.generation = 0
	for range 3 {
		if got := next(); got != 1 {
			t.Errorf("%d requests share a slab and no chunk", got)
		}
	}
}
