//go:build unix

package channel

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestUnary(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		serve := func(s *ServerCall) {
			if s.Method != "/p.S/M" || s.Deadline != 42 || s.Route != 7 || s.Flags != 3 || string(s.Options) != "options" {
				t.Errorf("the call is %+v", s.Header)
			}
			echo(s)
		}
		a, b := pair(Config{Serve: serve}, Config{Serve: serve})
		h := &Header{Method: "/p.S/M", Deadline: 42, Route: 7, Flags: 3, Options: []byte("options"), Metadata: []byte("metadata")}
		for _, n := range []int{0, 1, 15, 16, 1000, maxFrame - 100, maxFrame, maxFrame + 1, 3 * maxFrame, 1 << 20, 5<<20 + 3, 64 << 20} {
			for _, c := range []*Conn{a, b} {
				want := pattern(n)
				r, err := c.Invoke(t.Context(), nil, h, want)
				if err != nil {
					t.Fatalf("%d bytes: %v", n, err)
				}
				if !bytes.Equal(r.Payload, want) || string(r.Metadata) != "metadata" || len(r.Status) > 0 {
					t.Fatalf("%d bytes: the reply is not what was sent", n)
				}
				r.Free()
			}
		}
	})
}

func TestStatus(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		a, _ := pair(Config{}, Config{Serve: func(s *ServerCall) {
			if err := s.Reply([]byte("status"), nil, nil); err != nil {
				t.Error(err)
			}
			if err := s.Reply(nil, nil, nil); err == nil {
				t.Error("a second reply is no error")
			}
		}})
		r, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, nil)
		if err != nil || string(r.Status) != "status" || len(r.Metadata)+len(r.Payload) > 0 {
			t.Fatal(r, err)
		}
	})
}

func TestAbandonedByServer(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		a, _ := pair(Config{}, Config{})
		if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(3*maxFrame)); err != ErrAbandoned {
			t.Errorf("a call that is not served: %v", err)
		}
		s, err := a.OpenStream(&Header{Method: "/p.S/M"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, _, err := s.Result(t.Context()); err != ErrAbandoned {
			t.Errorf("a stream that is not served: %v", err)
		}
	})
}

// TestManyCallers has many goroutines call at once in both directions, some of whose calls call back.
func TestManyCallers(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		var a, b *Conn
		ready := make(chan struct{})
		serve := func(own **Conn) func(*ServerCall) {
			return func(s *ServerCall) {
				<-ready
				if s.Route > 0 {
					r, err := (*own).Invoke(context.Background(), nil, &Header{Method: s.Method, Route: s.Route - 1}, s.Request)
					if err != nil {
						t.Error(err)
						return
					}
					s.Reply(nil, nil, r.Payload)
					r.Free()
					return
				}
				s.Reply(nil, nil, s.Request)
			}
		}
		a, b = pair(Config{Serve: serve(&a)}, Config{Serve: serve(&b)})
		close(ready)
		var g sync.WaitGroup
		for i := range 32 {
			g.Go(func() {
				for j := range 200 {
					c := []*Conn{a, b}[i%2]
					want := pattern(i*j%5000 + j)
					r, err := c.Invoke(t.Context(), nil, &Header{Method: "/p.S/M", Route: uint32(j % 5)}, want)
					if err != nil {
						t.Error(err)
						return
					}
					if !bytes.Equal(r.Payload, want) {
						t.Error("the reply is another one's")
					}
					r.Free()
				}
			})
		}
		g.Wait()
	})
}

// TestNesting has calls call back, hundreds deep.
func TestNesting(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		var a, b *Conn
		ready := make(chan struct{})
		serve := func(own **Conn) func(*ServerCall) {
			return func(s *ServerCall) {
				<-ready
				if s.Route == 0 {
					s.Reply(nil, nil, nil)
					return
				}
				_, err := (*own).Invoke(context.Background(), nil, &Header{Method: "/p.S/M", Route: s.Route - 1}, pattern(100_000))
				if err != nil {
					t.Error(err)
				}
				s.Reply(nil, nil, nil)
			}
		}
		a, b = pair(Config{Serve: serve(&a)}, Config{Serve: serve(&b)})
		close(ready)
		if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M", Route: 300}, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBlocked has handlers that do not return, which no other call waits for.
func TestBlocked(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		release := make(chan struct{})
		a, _ := pair(Config{}, Config{Serve: func(s *ServerCall) {
			if s.Method == "/p.S/Block" {
				<-release
			}
			echo(s)
		}})
		var g sync.WaitGroup
		for range 100 {
			g.Go(func() {
				if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/Block"}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		for range 1000 {
			if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		close(release)
		g.Wait()
	})
}

func TestCancel(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		began, cancelled := make(chan struct{}), make(chan struct{})
		a, _ := pair(Config{}, Config{Serve: func(s *ServerCall) {
			if s.Method == "/p.S/Echo" {
				echo(s)
				return
			}
			began <- struct{}{}
			done := make(chan struct{})
			s.OnCancel(func() { close(done) })
			<-done
			cancelled <- struct{}{}
		}})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-began
			cancel()
		}()
		if _, err := a.Invoke(ctx, nil, &Header{Method: "/p.S/M"}, nil); err != context.Canceled {
			t.Error(err)
		}
		<-cancelled
		closed := make(chan struct{})
		go func() {
			<-began
			close(closed)
		}()
		if _, err := a.Invoke(t.Context(), closed, &Header{Method: "/p.S/M"}, nil); err != ErrAbandoned {
			t.Error(err)
		}
		<-cancelled
		s, err := a.OpenStream(&Header{Method: "/p.S/M"})
		if err != nil {
			t.Fatal(err)
		}
		<-began
		s.Close()
		if _, err := s.Recv(t.Context()); err != ErrAbandoned {
			t.Errorf("after Close: %v", err)
		}
		<-cancelled
		// The numbers of calls that were given up are used until the peer has ended them.
		for range 3 {
			if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/Echo"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		waitFor(t, func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.calls) == 0 && a.outgoing == 0
		})
	})
}

func TestTooLarge(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		a, _ := pair(Config{MaxMessage: 50}, Config{MaxMessage: 200, Serve: func(s *ServerCall) {
			if s.Stream != nil {
				_, err := s.Stream.Recv(context.Background())
				if size, ok := err.(*SizeError); !ok || *size != (SizeError{201, 200}) {
					t.Errorf("the server receives %v", err)
				}
				s.Stream.Send(context.Background(), pattern(51))
				s.Stream.Send(context.Background(), pattern(50))
				s.Stream.End(nil, nil)
				return
			}
			echo(s)
		}})
		want := func(what string, err error, size SizeError) {
			t.Helper()
			if e, ok := err.(*SizeError); !ok || *e != size {
				t.Errorf("%s: %v", what, err)
			}
		}
		h := &Header{Method: "/p.S/M"}
		_, err := a.Invoke(t.Context(), nil, h, pattern(201))
		want("a request", err, SizeError{201, 200})
		_, err = a.Invoke(t.Context(), nil, h, pattern(51))
		want("a reply", err, SizeError{51, 50})
		if _, err = a.Invoke(t.Context(), nil, h, pattern(50)); err != nil {
			t.Error(err)
		}
		h.Metadata = make([]byte, defaultMetadata)
		if _, err = a.Invoke(t.Context(), nil, h, nil); err != ErrMetadata {
			t.Error(err)
		}
		s, err := a.OpenStream(&Header{Method: "/p.S/M"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Send(t.Context(), pattern(201)); err != nil {
			t.Error(err)
		}
		_, err = s.Recv(t.Context())
		want("a message", err, SizeError{51, 50})
		if m, err := s.Recv(t.Context()); err != nil || len(m) != 50 {
			t.Error(m, err)
		}
	})
}

// TestClose closes a channel with calls in progress in both directions.
func TestClose(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		var running sync.WaitGroup
		running.Add(40)
		serve := func(s *ServerCall) {
			done := make(chan struct{})
			s.OnCancel(func() { close(done) })
			running.Done()
			if s.Stream != nil {
				if _, err := s.Stream.Recv(context.Background()); !errors.Is(err, ErrClosed) {
					t.Errorf("the server receives %v", err)
				}
			}
			<-done
		}
		a, b := pair(Config{Serve: serve}, Config{Serve: serve})
		var g sync.WaitGroup
		for _, c := range []*Conn{a, b} {
			for range 10 {
				g.Go(func() {
					if _, err := c.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, nil); err != ErrClosed {
						t.Error(err)
					}
				})
				g.Go(func() {
					s, err := c.OpenStream(&Header{Method: "/p.S/M"})
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := s.Recv(t.Context()); err != ErrClosed {
						t.Error(err)
					}
					if _, _, err := s.Result(t.Context()); err != ErrClosed {
						t.Error(err)
					}
					if err := s.Send(t.Context(), nil); err != ErrClosed {
						t.Error(err)
					}
				})
			}
		}
		running.Wait()
		a.Close()
		<-a.Done()
		<-b.Done()
		g.Wait()
		if _, err := b.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, nil); err != ErrClosed {
			t.Error(err)
		}
		if _, err := b.OpenStream(&Header{Method: "/p.S/M"}); err != ErrClosed {
			t.Error(err)
		}
		if err := b.SendFiles(nil); err == nil {
			t.Error("files are sent on a channel that is closed")
		}
	})
}

// TestSetMaxMessage has an end change what it takes, as one does that learns it from the peer.
func TestSetMaxMessage(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		a, b := pair(Config{Serve: echo}, Config{MaxMessage: 100, Serve: echo})
		for _, max := range []int{1000, 10} {
			b.SetMaxMessage(max)
			// What it says is ahead of its next call.
			if _, err := b.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(max)); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(max)); err != nil {
				t.Fatal(err)
			}
			_, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(max+1))
			if size, ok := err.(*SizeError); !ok || *size != (SizeError{max + 1, max}) {
				t.Error(err)
			}
			_, err = b.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(max+1))
			if size, ok := err.(*SizeError); !ok || *size != (SizeError{max + 1, max}) {
				t.Error(err)
			}
		}
	})
}

// TestBegin_late has calls go on that were not over soon.
func TestBegin_late(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		release := make(chan struct{})
		c, _ := pair(Config{}, Config{Serve: func(s *ServerCall) {
			<-release
			s.Reply(nil, nil, s.Request)
		}})
		for _, n := range []int{10, 3 << 20} {
			soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
			reply, pending, err := c.Begin(t.Context(), soon, nil, &Header{Method: "/p.S/M"}, pattern(n))
			stop()
			if n > maxFrame && err == context.DeadlineExceeded {
				continue // it was not sent so soon
			}
			if reply != nil || pending == nil || err != nil {
				t.Fatalf("%d bytes: %v, %v, %v", n, reply, pending, err)
			}
			go func() { release <- struct{}{} }()
			if r, err := pending.Wait(t.Context(), nil); err != nil || !bytes.Equal(r.Payload, pattern(n)) {
				t.Fatalf("%d bytes: %v, %v", n, r, err)
			}
		}
		var pending *Pending
		for pending == nil {
			soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
			var err error
			_, pending, err = c.Begin(t.Context(), soon, nil, &Header{Method: "/p.S/M"}, nil)
			stop()
			if err != nil && err != context.DeadlineExceeded { // what is left of the large call may be ahead of it
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := pending.Wait(ctx, nil); err != context.Canceled {
			t.Error(err)
		}
		release <- struct{}{}
		waitFor(t, func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.calls) == 0
		})
	})
}

// TestBegin_meanwhile has calls end at about the time when it is soon no more: each has its reply all the same.
func TestBegin_meanwhile(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		c, _ := pair(Config{}, Config{Serve: echo})
		var late atomic.Int32
		var callers sync.WaitGroup
		for caller := range 4 {
			callers.Go(func() {
				for n := range 300 {
					soon, stop := context.WithTimeout(t.Context(), time.Duration((n*7+caller)%60)*time.Microsecond)
					request := pattern(100 + n + caller)
					r, pending, err := c.Begin(t.Context(), soon, nil, &Header{Method: "/p.S/Work"}, request)
					stop()
					if pending != nil {
						late.Add(1)
						r, err = pending.Wait(t.Context(), nil)
					}
					if err != nil || !bytes.Equal(r.Payload, request) {
						t.Error(err)
						return
					}
					r.Free()
				}
			})
		}
		callers.Wait()
		if late.Load() == 0 {
			t.Error("no call was late")
		}
	})
}

// TestBegin_unsent has a peer that does not read: calls that do not even fit are given back, and nothing is left of them.
func TestBegin_unsent(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			link, files, err := Create(kind)
			if err != nil {
				t.Fatal(err)
			}
			defer closeAll(files)
			c := New(link, Config{})
			defer c.Close()
			l := (&Config{}).limits()
			c.peer.Store(&l)
			close(c.greeted)
			var pending int
			for n := 0; ; n++ {
				soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
				r, p, err := c.Begin(t.Context(), soon, nil, &Header{Method: "/p.S/M"}, pattern(50_000))
				stop()
				if r != nil || (p == nil) == (err == nil) {
					t.Fatalf("%v, %v, %v", r, p, err)
				}
				if p != nil {
					if pending++; pending > 1000 {
						t.Fatal("there is room for ever")
					}
					continue
				}
				if err != context.DeadlineExceeded {
					t.Fatal(err)
				}
				break
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if len(c.calls) != pending {
				t.Errorf("%d calls, of which %d were sent", len(c.calls), pending)
			}
		})
	}
}
