//go:build unix

package channel

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
