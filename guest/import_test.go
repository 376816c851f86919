package guest

import (
	"context"
	"reflect"
	"testing"
	"unsafe"
)

func TestImport(t *testing.T) {
	useArena(t)
	old := imports
	defer func() { imports = old }()
	// host is what the generated function calls.
	var host func(request, result Record)
	i := NewImport("/test.Service/Method", 8, 32, 8, func(c *ImportCall, args, reply any) *Status {
		in, ok := args.(*uint64)
		if !ok {
			return c.Mismatch(args)
		}
		out, ok := reply.(*uint64)
		if !ok {
			return c.MismatchedReply(reply)
		}
		c.Request().PutU64(0, *in)
		c.Leave()
		host(c.Request(), c.Result())
		if st := c.Return(); st != nil {
			return st
		}
		if c.Failed() {
			return c.Status()
		}
		*out = c.Reply().U64(0)
		return nil
	})
	if FindImport("/test.Service/Method") != i || FindImport("/test.Service/Other") != nil {
		t.Error("FindImport finds another")
	}
	twice := func(request, result Record) {
		result.PutU8(0, 0)
		result.PutU64(8, 2*request.U64(0))
	}

	var in, out uint64 = 3, 0
	host = func(request, result Record) {
		// While the call is under way its memory is its own.
		var in, out uint64 = 5, 0
		host = twice
		if st := i.Invoke(context.Background(), nil, nil, &in, &out); st != nil || out != 10 {
			t.Errorf("nested: got %d, %v", out, st)
		}
		twice(request, result)
	}
	if st := i.Invoke(context.Background(), nil, nil, &in, &out); st != nil || out != 6 {
		t.Errorf("got %d, %v", out, st)
	}

	host = func(_, result Record) {
		result.PutU8(0, 1)
		result.PutU32(8, 5)
	}
	if st := i.Invoke(context.Background(), nil, nil, &in, &out); st == nil || st.Code != 5 {
		t.Errorf("got %v, want a status", st)
	}

	host = func(Record, Record) { t.Error("the host is called") }
	if st := i.Invoke(context.Background(), nil, nil, "a string", &out); st == nil || st.Code != codeInternal {
		t.Errorf("request of another type: got %v", st)
	}
	if st := i.Invoke(context.Background(), nil, nil, &in, "a string"); st == nil || st.Code != codeInternal {
		t.Errorf("reply of another type: got %v", st)
	}

	host = func(request, result Record) {
		if control.outDeadline != 7 || control.outMetaLen == 0 || control.outFlags != outWantHeaders {
			t.Errorf("the host sees %+v", control)
		}
		control.outDeadline, control.outMetaLen, control.outFlags = 0, 0, 0
		twice(request, result)
	}
	if st := i.Invoke(context.Background(), nil, &ClientCall{Deadline: 7, Metadata: []Pair{{"k", "v"}}, WantHeaders: true}, &in, &out); st != nil {
		t.Error(st)
	}
	encoded := AppendPair(AppendPair(nil, "k", "v"), "l-bin", "\x00")
	host = func(request, result Record) {
		if got := unsafe.SliceData(encoded); control.outMetaPtr != address(unsafe.Pointer(got)) || control.outMetaLen != uint32(len(encoded)) {
			t.Errorf("the host sees %+v", control)
		}
		control.outMetaLen = 0
		twice(request, result)
	}
	call := &ClientCall{Metadata: []Pair{{"not", "this"}}, Encoded: encoded}
	if st := i.Invoke(context.Background(), nil, call, &in, &out); st != nil || out != 6 {
		t.Errorf("got %d, %v", out, st)
	}
	if got := call.Pairs(); !reflect.DeepEqual(got, []Pair{{"k", "v"}, {"l-bin", "\x00"}}) {
		t.Errorf("got %v", got)
	}
	host = func(request, result Record) {
		if control.outDeadline != 0 || control.outMetaLen != 0 || control.outFlags != 0 {
			t.Errorf("the host sees %+v of the call before", control)
		}
		twice(request, result)
	}
	if st := i.Invoke(context.Background(), nil, nil, &in, &out); st != nil {
		t.Error(st)
	}
}

func TestImportCall_Failures(t *testing.T) {
	c := new(ImportCall)
	if got, want := c.NotLowered(errBad), notLowered(errBad); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := c.NotLifted(errBad), notLifted(errBad); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// What a reply is rooted by while it is lifted, and after the call.
func TestImport_Roots(t *testing.T) {
	useArena(t)
	old := imports
	defer func() { imports = old }()
	size := uint32(8)
	var in inbound
	i := NewImport("/test.Service/Method", 8, 8, 8, func(c *ImportCall, args, reply any) *Status {
		c.Leave()
		reallocate(size)
		c.Return()
		in = c.in
		return nil
	})
	invoke := func() *ImportCall {
		i.Invoke(context.Background(), nil, nil, nil, nil)
		return i.idle
	}
	if c := invoke(); in != (inbound{chunk: arena.chunk}) || c.in != in {
		t.Errorf("small chunk: rooted by %v, then %v", in, c.in)
	}
	size = largeChunk
	if c := invoke(); in.handed == nil || c.in != unrooted {
		t.Errorf("block of its own: rooted by %v, then %v", in, c.in)
	}
	size = 1 << 20
	if c := invoke(); in.chunk != arena.chunk || in.handed == nil || c.in != unrooted {
		t.Errorf("large chunk: rooted by %v, then %v", in, c.in)
	}
}
