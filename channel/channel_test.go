//go:build unix

package channel

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
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
	if s.Method == "/p.S/Work" {
		for start := time.Now(); time.Since(start) < 20*time.Microsecond; {
		}
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

// waitFor waits until f is true, however long that takes.
func waitFor(t *testing.T, f func() bool) {
	for !f() {
		if t.Context().Err() != nil {
			t.Fatal("it did not come about")
		}
		runtime.Gosched()
	}
}
