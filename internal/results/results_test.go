package results

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/go/packages"
)

func store(t *testing.T) *Store {
	return &Store{dir: filepath.Join(t.TempDir(), "results"), maxCount: 4, maxBytes: 1 << 10}
}

func key(n int) Key { return Key{byte(n), byte(n >> 8)} }

func TestStore(t *testing.T) {
	t.Parallel()
	s := store(t)
	if data, ok := s.Get(key(1)); ok {
		t.Errorf("an empty store has %q", data)
	}
	for _, want := range []string{"one", "", "another one"} {
		if err := s.Put(key(1), []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Get(key(1)); !ok || string(got) != want {
			t.Errorf("got %q, %t, want %q", got, ok, want)
		}
	}
	if data, ok := s.Get(key(2)); ok {
		t.Errorf("another key has %q", data)
	}
}

// TestStore_Damaged damages what is kept in all ways that a file of few bytes can be.
func TestStore_Damaged(t *testing.T) {
	t.Parallel()
	s := store(t)
	if err := s.Put(key(1), []byte("data")); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(s.path(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{append(bytes.Clone(good), 0)}
	for i := range good {
		damaged = append(damaged, good[:i])
		flipped := bytes.Clone(good)
		flipped[i] ^= 1
		damaged = append(damaged, flipped)
	}
	for _, content := range damaged {
		if err := os.WriteFile(s.path(key(1)), content, 0o644); err != nil {
			t.Fatal(err)
		}
		if data, ok := s.Get(key(1)); ok {
			t.Fatalf("%x is read as %q", content, data)
		}
	}
}

func TestStore_Bounds(t *testing.T) {
	t.Parallel()
	kept := func(s *Store) (list []int) {
		for n := range 20 {
			if _, err := os.Stat(s.path(key(n))); err == nil {
				list = append(list, n)
			}
		}
		return list
	}
	put := func(s *Store, n, size int) {
		t.Helper()
		if err := s.Put(key(n), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(time.Duration(n-100) * time.Hour)
		if err := os.Chtimes(s.path(key(n)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s := store(t)
	for n := range 4 {
		put(s, n, 10)
	}
	s.Get(key(0)) // is used, and so stays
	for n := range 2 {
		put(s, 4+n, 10)
	}
	if got, want := fmt.Sprint(kept(s)), "[0 3 4 5]"; got != want {
		t.Errorf("of many, %s are kept, want %s", got, want)
	}
	s = store(t)
	put(s, 1, 600)
	put(s, 2, 600)
	if got, want := fmt.Sprint(kept(s)), "[2]"; got != want {
		t.Errorf("of large ones, %s are kept, want %s", got, want)
	}
}

// TestStore_Concurrent has many write and read at a time, as processes do.
func TestStore_Concurrent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "results")
	var wg sync.WaitGroup
	for i := range 8 {
		s := &Store{dir: dir, maxCount: 3, maxBytes: 1 << 20}
		wg.Go(func() {
			for j := range 50 {
				n := (i + j) % 5
				want := bytes.Repeat([]byte{byte(n)}, 1000+n)
				if err := s.Put(key(n), want); err != nil {
					t.Error(err)
				}
				if got, ok := s.Get(key((n + 1) % 5)); ok && !bytes.Equal(got, bytes.Repeat([]byte{byte((n + 1) % 5)}, 1000+(n+1)%5)) {
					t.Errorf("read what nobody has written: %d bytes", len(got))
				}
			}
		})
	}
	wg.Wait()
}

func TestStore_Nowhere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{{}, {dir: filepath.Join(file, "below")}} {
		if err := s.Put(key(1), nil); err == nil {
			t.Errorf("%+v keeps something", s)
		}
		got, err := s.Do(nil, nil, func() ([]byte, error) { return []byte("made"), nil })
		if string(got) != "made" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestDo(t *testing.T) {
	t.Parallel()
	s := store(t)
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mod := &packages.Module{Path: "m", Main: true, Dir: dir, GoMod: write("go.mod", "module m\n")}
	pkg := &packages.Package{ID: "m", Name: "m", PkgPath: "m", Module: mod, GoFiles: []string{write("a.go", "package m\n")}}
	made := 0
	do := func(details ...string) string {
		t.Helper()
		data, err := s.Do([]*packages.Package{pkg}, details, func() ([]byte, error) {
			made++
			return fmt.Append(nil, made), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if first, second := do(), do(); first != "1" || second != "1" {
		t.Errorf("made %s, then %s", first, second)
	}
	if got := do("-v"); got != "2" {
		t.Errorf("with other details: %s", got)
	}
	write("a.go", "package m // changed\n")
	if got := do(); got != "3" {
		t.Errorf("with another file: %s", got)
	}

	if _, err := s.Do([]*packages.Package{pkg}, []string{"fails"}, func() ([]byte, error) { return nil, errors.New("no") }); err == nil {
		t.Error("no error")
	}
	if got := do("fails"); got != "4" {
		t.Errorf("after an error: %s", got)
	}
	// A file that changes while a result is made: it is not known which contents it is of.
	_, err := s.Do([]*packages.Package{pkg}, []string{"meanwhile"}, func() ([]byte, error) {
		write("a.go", "package m // meanwhile\n")
		return []byte("stale"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	write("a.go", "package m // changed\n")
	if got := do("meanwhile"); got == "stale" {
		t.Error("a result is kept of which it is not known what it is of")
	}
}

// TestKeyOf checks that whatever matters changes the key, and nothing else.
func TestKeyOf(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"go.mod": "module m\n", "go.sum": "", "a.go": "a", "ignored.go": "i", "text.txt": "t", "other.s": "o", "dep.go": "d", "vendored.go": "v"} {
		if err := os.WriteFile(path(name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	type change struct {
		name string
		f    func(p *packages.Package)
	}
	program := func(f func(p *packages.Package)) []*packages.Package {
		dep := &packages.Package{ID: "d", Name: "d", Module: &packages.Module{Path: "d", Version: "v1.0.0", Dir: "/cache/d@v1.0.0"}, GoFiles: []string{path("dep.go")}}
		vendored := &packages.Package{ID: "v", Name: "v", Module: &packages.Module{Path: "v", Version: "v1.0.0", Dir: path("vendor/v")}, GoFiles: []string{path("vendored.go")}}
		std := &packages.Package{ID: "fmt", Name: "fmt", Dir: "/go/src/fmt", GoFiles: []string{"/go/src/fmt/print.go"}}
		p := &packages.Package{
			ID: "m", Name: "m", Module: &packages.Module{Path: "m", Main: true, Dir: dir, GoMod: path("go.mod")},
			GoFiles: []string{path("a.go")}, IgnoredFiles: []string{path("ignored.go")}, EmbedFiles: []string{path("text.txt")}, OtherFiles: []string{path("other.s")},
			Imports: map[string]*packages.Package{"d": dep, "v": vendored, "fmt": std},
		}
		f(p)
		return []*packages.Package{p}
	}
	get := func(f func(p *packages.Package), details ...string) Key {
		t.Helper()
		k, err := KeyOf(program(f), details...)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	same := func(*packages.Package) {}
	was := get(same)
	if get(same) != was {
		t.Fatal("the key changes by itself")
	}
	for _, c := range []change{
		{"a file less", func(p *packages.Package) { p.IgnoredFiles = nil }},
		{"the version of a dependency", func(p *packages.Package) { p.Imports["d"].Module.Version = "v1.0.1" }},
		{"a replaced dependency", func(p *packages.Package) {
			p.Imports["d"].Module.Replace = &packages.Module{Path: "e", Version: "v2.0.0", Dir: "/cache/e@v2.0.0"}
		}},
		{"files of a dependency, by tags", func(p *packages.Package) { p.Imports["d"].GoFiles = []string{"/cache/d@v1.0.0/tagged.go"} }},
		{"an error", func(p *packages.Package) { p.Errors = []packages.Error{{Msg: "no"}} }},
		{"another standard library", func(p *packages.Package) { p.Imports["fmt"].GoFiles = []string{"/go2/src/fmt/print.go"} }},
		{"one import less", func(p *packages.Package) { delete(p.Imports, "fmt") }},
	} {
		if get(c.f) == was {
			t.Errorf("%s goes unnoticed", c.name)
		}
	}
	if get(same, "-tags=x") == was || get(same, "a", "b") == get(same, "a b") {
		t.Error("details go unnoticed")
	}
	for _, name := range []string{"go.mod", "go.sum", "a.go", "ignored.go", "text.txt", "other.s", "vendored.go", "dep.go"} {
		old, err := os.ReadFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(name), []byte(strings.ToUpper(string(old))+"."), 0o644); err != nil {
			t.Fatal(err)
		}
		// Files in the module cache do not change.
		if changed := get(same) != was; changed != (name != "dep.go") {
			t.Errorf("a change of %s is noticed: %t", name, changed)
		}
		if err := os.WriteFile(path(name), old, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, variable := range variables {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, "other")
			if get(same) == was {
				t.Errorf("%s goes unnoticed", variable)
			}
		})
	}
	if _, err := KeyOf(program(func(p *packages.Package) { p.GoFiles = append(p.GoFiles, path("gone.go")) })); err == nil {
		t.Error("a file that is gone goes unnoticed")
	}
}
