package host

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func pastPipe(t *testing.T) (p *outputPipe, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if err := r.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	return &outputPipe{read: r}, w
}

// What a process has written is there after the deadline, too.
func TestOutputPipe_late(t *testing.T) {
	p, w := pastPipe(t)
	if _, err := w.WriteString("the rest"); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	p.copyTo(&got)
	if got.String() != "the rest" {
		t.Errorf("got %q", got.String())
	}
}

// Others may have the pipe, and write for ever.
func TestOutputPipe_endless(t *testing.T) {
	p, w := pastPipe(t)
	if _, err := w.WriteString("more\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := w.WriteString("more\n"); err != nil {
				return
			}
		}
	}()
	var got bytes.Buffer
	p.copyTo(&got)
	if got.Len() == 0 {
		t.Error("got nothing")
	}
}
