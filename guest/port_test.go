package guest

import (
	"context"
	"io"
	"reflect"
	"testing"
)

// What of calls that wait can be tested where there is no host: off Wasm its functions say that every stream is over.

// cancelled is a Canceller that counts.
type cancelled int

func (c *cancelled) Cancel() { *c++ }

// usePort gives the test a port at which nothing has happened.
func usePort(t *testing.T) {
	old := port
	port.left, port.call, port.waiting = 0, nil, nil
	t.Cleanup(func() { port = old })
}

// An export that is left gives the host a number, and its call is kept: another call of the same method does not take its memory.
func TestLeaving(t *testing.T) {
	useArena(t)
	usePort(t)
	var e *Export
	left := 0
	e = testExport(handlerFunc(func(c *ServerCall) *Status {
		var v uint64
		if err := c.Decoder()(&v); err != nil {
			t.Error(err)
		}
		if v == 1 {
			// As the standby does, and then the host calls again.
			c.OnCancel(new(cancelled))
			if frame := leaving(); frame != e.frame {
				t.Errorf("got a frame of %d bytes, want %d", frame, e.frame)
			}
			left++
			if control.left != 1 || port.waiting[1] != c {
				t.Errorf("the host sees %d, waiting are %v", control.left, port.waiting)
			}
			control.left = 0
			second := e.Enter()
			if second == c {
				t.Fatal("two calls have the same memory")
			}
			second.Request().PutU64(0, 5)
			if got := resultWords(second.Serve()); got[1] != 6 {
				t.Errorf("second: got %x", got)
			}
		}
		v++
		return c.Lower(&v)
	}))
	c := e.Enter()
	c.Request().PutU64(0, 1)
	over, returned := make(chan struct{}), false
	go func() {
		defer close(over)
		c.Serve()
		returned = true
	}()
	<-over
	if returned {
		t.Error("an export returns that was left")
	}
	if got := resultWords(c.result.record); left != 1 || got[1] != 2 {
		t.Errorf("got %x", got)
	}
	if len(port.waiting) != 0 {
		t.Errorf("%v are waiting", port.waiting)
	}
}

// A stream is known by its number until it is forgotten. An event that comes while the host is asked is not lost, and events for others
// are nobody's.
func TestStream_until(t *testing.T) {
	s := newStream(7, &messages{size: 8})
	streams[7].wake() // nobody waits
	streams[8].wake() // and nobody is there
	asked := 0
	err := s.until(t.Context(), func() bool {
		asked++
		streams[7].wake()
		return asked == 3
	})
	if err != nil || asked != 3 {
		t.Errorf("got %v after asking %d times", err, asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked = 0
	if err := s.until(ctx, func() bool { asked++; return false }); err != context.Canceled || asked != 1 {
		t.Errorf("got %v after asking %d times", err, asked)
	}
	s.Close()
	s.Close()
	if len(streams) != 0 {
		t.Errorf("got %v", streams)
	}
}

// The host answers everything with the end of the call.
func TestStream_over(t *testing.T) {
	useArena(t)
	oldImports, oldError := streamImports, statusError
	defer func() { streamImports = oldImports; SetStatusError(oldError) }()
	SetStatusError(func(st *Status) error { return statusText{st} })
	lowered := 0
	i := NewStreamImport("/test.Service/Stream", 8, func(_ *Scratch, r Record, m any) error {
		v, ok := m.(*uint64)
		switch {
		case !ok:
			return ErrType
		case *v == bad:
			return errBad
		}
		lowered++
		return nil
	}, nil)
	if FindStreamImport("/test.Service/Stream") != i || FindStreamImport("/test.Service/Other") != nil {
		t.Error("FindStreamImport finds another")
	}
	s := i.Open(&ClientCall{Deadline: 7, Metadata: []Pair{{"k", "v"}}})
	if control.outDeadline != 7 || control.outMetaLen == 0 {
		t.Errorf("the host sees %+v", control)
	}
	defer s.Close()
	v := uint64(1)
	if err := s.Send(t.Context(), &v); err != ErrOver || lowered != 1 {
		t.Errorf("Send: got %v", err)
	}
	if err := s.Recv(t.Context(), &v); err != io.EOF {
		t.Errorf("Recv: got %v", err)
	}
	if _, err := s.Header(t.Context()); err != ErrOver {
		t.Errorf("Header: got %v", err)
	}
	if st, trailer, err := s.End(t.Context()); st != nil || trailer != nil || err != nil {
		t.Errorf("End: got %v, %v, %v", st, trailer, err)
	}
	v = bad
	for m, want := range map[any]*Status{&v: notLowered(errBad), "a string": notSent("", "a string")} {
		err, ok := s.Send(t.Context(), m).(statusText)
		if !ok || !reflect.DeepEqual(err.Status, want) {
			t.Errorf("Send of %v: got %v, want %v", m, err, want)
		}
	}
}

// A streaming method's handler gets the stream that the host has numbered, for as long as it runs.
func TestStreamExport(t *testing.T) {
	useArena(t)
	usePort(t)
	old := streamExports
	defer func() { streamExports = old }()
	e := NewStreamExport("/test.Service/Stream", 8, nil, nil)
	if FindStreamExport("/test.Service/Stream") != e || FindStreamExport("/test.Service/Other") != nil {
		t.Error("FindStreamExport finds another")
	}
	if r := e.EnterStream(5).Serve(); r.U8(0) != 1 || r.U32(streamPayload) != codeUnimplemented {
		t.Error("a method without a handler does not say so")
	}
	e.Bind(streamHandlerFunc(func(c *ServerCall, s *Stream) *Status {
		if s.id != 6 || streams[6] != s {
			t.Errorf("got stream %d", s.id)
		}
		return nil
	}))
	if r := e.EnterStream(6).Serve(); r.U8(0) != 0 {
		t.Errorf("got %d", r.U8(0))
	}
	if len(streams) != 0 {
		t.Errorf("got %v", streams)
	}
}

type streamHandlerFunc func(c *ServerCall, s *Stream) *Status

func (f streamHandlerFunc) ServeStream(c *ServerCall, s *Stream) *Status { return f(c, s) }
