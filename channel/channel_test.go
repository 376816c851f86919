//go:build unix

package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Tests run with the test's own program as the other process: see child.
func TestMain(m *testing.M) {
	if role := os.Getenv("CHANNEL_TEST_ROLE"); role != "" {
		child(role)
		return
	}
	os.Exit(m.Run())
}

// kinds are the kinds that the system has.
func kinds() []Kind {
	if hasMemory() {
		return []Kind{Socket, Memory}
	}
	return []Kind{Socket}
}

// forKinds runs a test for each kind and way to wait.
func forKinds(t *testing.T, f func(t *testing.T, pair func(a, b Config) (*Conn, *Conn))) {
	for _, kind := range kinds() {
		for _, waiting := range []Waiting{Adaptive, Sleeping} {
			if kind == Socket && waiting == Sleeping {
				continue
			}
			t.Run(fmt.Sprintf("%v-%d", kind, waiting), func(t *testing.T) {
				f(t, func(a, b Config) (*Conn, *Conn) {
					a.Waiting, b.Waiting = waiting, waiting
					return pair(t, kind, a, b)
				})
			})
		}
	}
}

// pair makes a channel with both ends in this process.
func pair(t testing.TB, kind Kind, a, b Config) (*Conn, *Conn) {
	t.Helper()
	link, files, err := Create(kind)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	x, y := New(link, a), New(other, b)
	t.Cleanup(func() {
		x.Close()
		y.Close()
	})
	return x, y
}

func echo(s *ServerCall) {
	if s.Stream != nil {
		for {
			m, err := s.Stream.Recv(context.Background())
			if err != nil {
				break
			}
			if s.Method == "/p.S/Sink" {
				continue
			}
			if s.Stream.Send(context.Background(), m) != nil {
				break
			}
		}
		s.Stream.End(nil, s.Metadata)
		return
	}
	s.Reply(nil, s.Metadata, s.Request)
}

// pattern is n bytes that differ from those of other sizes, and of a period that frames do not have.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range min(n, 251) {
		b[i] = byte(i*7 + n)
	}
	for done := 251; done < n; done *= 2 {
		copy(b[done:], b[:done])
	}
	return b
}

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

// waitFor waits until f is true, however long that takes.
func waitFor(t *testing.T, f func() bool) {
	for !f() {
		if t.Context().Err() != nil {
			t.Fatal("it did not come about")
		}
		runtime.Gosched()
	}
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

func TestStream(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		a, _ := pair(Config{}, Config{Serve: func(s *ServerCall) {
			if err := s.Stream.SendHeader([]byte("header")); err != nil {
				t.Error(err)
			}
			if err := s.Stream.SendHeader(nil); err == nil {
				t.Error("a second header is no error")
			}
			for {
				m, err := s.Stream.Recv(context.Background())
				if err == io.EOF {
					break
				}
				if err == nil {
					err = s.Stream.Send(context.Background(), m)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
			if err := s.Stream.End([]byte("status"), []byte("trailer")); err != nil {
				t.Error(err)
			}
		}})
		s, err := a.OpenStream(&Header{Method: "/p.S/M", Metadata: pattern(100_000)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if m, ok, err := s.Header(t.Context()); string(m) != "header" || !ok || err != nil {
			t.Error(m, ok, err)
		}
		sizes := []int{0, 1, 1000, maxFrame, maxFrame + 1, 1 << 20, 0, 3, window, 10 << 20}
		for range 1000 {
			sizes = append(sizes, 100)
		}
		go func() {
			for _, n := range sizes {
				if err := s.Send(t.Context(), pattern(n)); err != nil {
					t.Error(err)
				}
			}
			if err := s.CloseSend(); err != nil {
				t.Error(err)
			}
		}()
		for _, n := range sizes {
			m, err := s.Recv(t.Context())
			if err != nil || !bytes.Equal(m, pattern(n)) {
				t.Fatalf("a message of %d bytes instead of %d: %v", len(m), n, err)
			}
		}
		if _, err := s.Recv(t.Context()); err != io.EOF {
			t.Error(err)
		}
		if status, trailer, err := s.Result(t.Context()); string(status) != "status" || string(trailer) != "trailer" || err != nil {
			t.Error(string(status), string(trailer), err)
		}
		if err := s.Send(t.Context(), nil); err == nil {
			t.Error("a message after CloseSend is no error")
		}
	})
}

// TestStreamEndsEarly has a server end a call whose client still sends.
func TestStreamEndsEarly(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		a, _ := pair(Config{}, Config{Serve: func(s *ServerCall) {
			s.Stream.Send(context.Background(), []byte("last"))
			s.Stream.End([]byte("status"), nil)
		}})
		s, err := a.OpenStream(&Header{Method: "/p.S/M"})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			err = s.Send(t.Context(), pattern(1000))
		}
		if err != io.EOF {
			t.Error(err)
		}
		if m, ok, err := s.Header(t.Context()); len(m) > 0 || !ok || err != nil {
			t.Error(m, ok, err)
		}
		if m, err := s.Recv(t.Context()); string(m) != "last" || err != nil {
			t.Error(m, err)
		}
		if _, err := s.Recv(t.Context()); err != io.EOF {
			t.Error(err)
		}
		s.Close()
		if _, err := s.Recv(t.Context()); err != ErrAbandoned {
			t.Errorf("after Close: %v", err)
		}
		if status, _, err := s.Result(t.Context()); string(status) != "status" || err != nil {
			t.Error(status, err)
		}
	})
}

// TestBackPressure has a client send to a server that does not receive, which others do not wait for.
func TestBackPressure(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		release := make(chan struct{})
		var received atomic.Int64
		a, b := pair(Config{}, Config{Serve: func(s *ServerCall) {
			if s.Stream == nil {
				echo(s)
				return
			}
			<-release
			for {
				if _, err := s.Stream.Recv(context.Background()); err != nil {
					break
				}
				received.Add(1)
			}
			s.Stream.End(nil, nil)
		}})
		s, err := a.OpenStream(&Header{Method: "/p.S/M"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		sent := make(chan int64)
		go func() {
			n := int64(0)
			for s.Send(ctx, pattern(1000)) == nil {
				n++
			}
			sent <- n
		}()
		const most = window / (1000 + frameCost)
		waitFor(t, func() bool { return b.queued.Load() == most*(1000+frameCost) })
		if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(5<<20)); err != nil {
			t.Error(err)
		}
		cancel()
		n := <-sent
		if n != most {
			t.Errorf("%d messages went without being received, want %d", n, most)
		}
		close(release)
		s.CloseSend()
		if _, _, err := s.Result(t.Context()); err != nil {
			t.Error(err)
		}
		if received.Load() != n {
			t.Errorf("%d messages were received, want %d", received.Load(), n)
		}
		if q := b.queued.Load(); q != 0 {
			t.Errorf("%d bytes are said to be queued", q)
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

func TestFiles(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		type set struct {
			tag   string
			files []*os.File
		}
		sets := make(chan set, 10)
		a, b := pair(Config{Serve: echo}, Config{Files: func(tag []byte, files []*os.File) { sets <- set{string(tag), files} }})
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte("contents"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := range 5 {
			if err := a.SendFiles(fmt.Appendf(nil, "tag %d", i), slices.Repeat([]*os.File{f}, i)...); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(i*100_000)); err != nil {
				t.Error(err)
			}
		}
		for i := range 5 {
			s := <-sets
			if s.tag != fmt.Sprintf("tag %d", i) || len(s.files) != i {
				t.Errorf("set %d is %q with %d files", i, s.tag, len(s.files))
			}
			for _, f := range s.files {
				var b [8]byte
				if _, err := f.ReadAt(b[:], 0); err != nil || string(b[:]) != "contents" {
					t.Error(b, err)
				}
				if !closedOnExec(t, f) {
					t.Error("a file that was received is inherited")
				}
				f.Close()
			}
		}
		// A channel over a channel.
		link, files, err := Create(Best())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.SendFiles([]byte("channel"), files...); err != nil {
			t.Fatal(err)
		}
		closeAll(files)
		s := <-sets
		other, err := Open(s.files)
		if err != nil {
			t.Fatal(err)
		}
		x, y := New(link, Config{}), New(other, Config{Serve: echo})
		defer y.Close()
		defer x.Close()
		if r, err := x.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, []byte("hello")); err != nil || string(r.Payload) != "hello" {
			t.Error(r, err)
		}
	})
}

func TestErrorsOfLinks(t *testing.T) {
	if _, _, err := Create(Kind(9)); err == nil || !strings.Contains(err.Error(), "no kind 9") {
		t.Error(err)
	}
	if _, err := Open(nil); err == nil || !strings.Contains(err.Error(), "0 files") {
		t.Error(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open([]*os.File{f}); err == nil || !strings.Contains(err.Error(), "not the socket of a channel") {
		t.Error(err)
	}
	for _, kind := range kinds() {
		link, files, err := Create(kind)
		if err != nil {
			t.Fatal(err)
		}
		closeAll(files)
		if err := link.Close(); err != nil {
			t.Error(err)
		}
	}
}

// child is what the test's program does as the other process.
func child(role string) {
	n := 1
	if os.Getenv("CHANNEL_TEST_KIND") == Memory.String() {
		n = 2
	}
	var files []*os.File
	for i := range n {
		files = append(files, os.NewFile(uintptr(3+i), "inherited"))
	}
	link, err := Open(files)
	if err != nil {
		panic(err)
	}
	cfg := Config{Serve: echo}
	if os.Getenv("CHANNEL_TEST_WAITING") == "sleeping" {
		cfg.Waiting = Sleeping
	}
	switch role {
	case "echo":
	case "block":
		cfg.Serve = func(*ServerCall) { select {} }
	}
	c := New(link, cfg)
	<-c.Done()
}

// process starts the test's program as the other process.
func process(t testing.TB, kind Kind, waiting Waiting, role string, cfg Config) (*Conn, *exec.Cmd) {
	t.Helper()
	link, files, err := Create(kind)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHANNEL_TEST_ROLE="+role, "CHANNEL_TEST_KIND="+kind.String())
	if waiting == Sleeping {
		cmd.Env = append(cmd.Env, "CHANNEL_TEST_WAITING=sleeping")
	}
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	closeAll(files)
	cfg.Waiting = waiting
	c := New(link, cfg)
	t.Cleanup(func() {
		c.Close()
		cmd.Wait()
	})
	return c, cmd
}

func TestProcess(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			c, _ := process(t, kind, Adaptive, "echo", Config{})
			for _, n := range []int{0, 1000, 5 << 20} {
				if r, err := c.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(n)); err != nil || !bytes.Equal(r.Payload, pattern(n)) {
					t.Fatal(n, err)
				}
			}
		})
	}
}

// TestKill kills the other process with calls in progress.
func TestKill(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			for range 5 {
				c, cmd := process(t, kind, Adaptive, "block", Config{})
				var g sync.WaitGroup
				for range 16 {
					g.Go(func() {
						if _, err := c.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(1000)); err != ErrClosed {
							t.Error(err)
						}
					})
				}
				waitFor(t, func() bool {
					c.mu.Lock()
					defer c.mu.Unlock()
					return len(c.calls) == 16
				})
				cmd.Process.Kill()
				g.Wait()
				<-c.Done()
			}
		})
	}
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
