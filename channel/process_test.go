//go:build unix

package channel

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

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
	case "settle":
		cfg.Serve = func(s *ServerCall) {
			s.Reply(nil, nil, s.Request)
			s.c.Settle(context.Background())
			os.Exit(0)
		}
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

// TestSettle has the other process end as soon as its reply has left it.
func TestSettle(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			for _, n := range []int{1000, 500 << 10, 5 << 20} {
				c, _ := process(t, kind, Adaptive, "settle", Config{})
				if r, err := c.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(n)); err != nil || !bytes.Equal(r.Payload, pattern(n)) {
					t.Fatal(n, err)
				}
			}
		})
	}
}

// TestSettle_Unread gives up on a peer that does not read.
func TestSettle_Unread(t *testing.T) {
	link, files, err := Create(Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(files)
	c := New(link, Config{})
	for range 16 {
		c.pipe.post(header{kind: kindCancel}, &gather{parts: [5][]byte{make([]byte, maxFrame)}})
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := c.Settle(ctx); err != context.DeadlineExceeded {
		t.Error(err)
	}
	settled := make(chan error)
	go func() { settled <- c.Settle(t.Context()) }()
	c.Close()
	if err := <-settled; err != nil {
		t.Errorf("of a channel that was closed: %v", err)
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
