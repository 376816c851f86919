//go:build unix

package channel

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"
	"testing"
)

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
