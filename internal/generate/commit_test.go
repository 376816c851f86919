package generate

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tree lists the files below dir, with when they were written.
func tree(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	out := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		out[path] = info.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func relatives(t *testing.T, dir string, paths []string) (out []string) {
	t.Helper()
	for _, p := range paths {
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rel)
	}
	slices.Sort(out)
	return out
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	guest := filepath.Join(t.TempDir(), "built.wasm")
	write(t, guest, "new guest")
	out := filepath.Join(dir, "cofaas")
	write(t, filepath.Join(out, "same.go"), "same")
	write(t, filepath.Join(out, "edited.go"), "edited")
	write(t, filepath.Join(out, "guests/fn.wasm"), "old guest")
	write(t, filepath.Join(out, "guests/gone.wasm"), "of a function that is gone")
	write(t, filepath.Join(out, "bindings/stale.go"), generatedMark+"\npackage bindings\n")
	write(t, filepath.Join(out, "stale.wit"), generatedMark+"\n")
	write(t, filepath.Join(out, "mine.go"), "package main // mine\n")
	write(t, filepath.Join(out, "notes.txt"), generatedMark+"\n")
	write(t, filepath.Join(dir, "main.go"), generatedMark+"\n// not in the output folder\n")
	files := []file{
		{path: filepath.Join(out, "same.go"), content: []byte("same")},
		{path: filepath.Join(out, "edited.go"), content: []byte("as generated")},
		{path: filepath.Join(out, "new/file.go"), content: []byte("new")},
		{path: filepath.Join(out, "guests/fn.wasm"), from: guest},
	}
	before := tree(t, dir)
	changed, err := commit(files, []string{out, filepath.Join(dir, "missing")})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"bindings/stale.go", "edited.go", "guests/fn.wasm", "guests/gone.wasm", "new/file.go", "stale.wit"}
	if diff := cmp.Diff(want, relatives(t, out, changed)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	after := tree(t, dir)
	var names []string
	for name := range after {
		names = append(names, name)
	}
	want = []string{"cofaas/edited.go", "cofaas/guests/fn.wasm", "cofaas/mine.go", "cofaas/new/file.go", "cofaas/notes.txt", "cofaas/same.go", "main.go"}
	if diff := cmp.Diff(want, relatives(t, dir, names)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, content := range map[string]string{"edited.go": "as generated", "guests/fn.wasm": "new guest", "new/file.go": "new"} {
		if got := read(t, filepath.Join(out, name)); got != content {
			t.Errorf("%s is %q", name, got)
		}
	}
	if same := filepath.Join(out, "same.go"); !after[same].Equal(before[same]) {
		t.Error("a file that did not change was written")
	}

	changed, err = commit(files, []string{out})
	if err != nil || len(changed) > 0 {
		t.Errorf("the second time %v changed, %v", changed, err)
	}
	if diff := cmp.Diff(after, tree(t, dir)); diff != "" {
		t.Errorf("the second time (-before +after):\n%s", diff)
	}
}

func TestCommit_Errors(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, out string) []file
		want string
	}{
		{"folder in place of a file", func(t *testing.T, out string) []file {
			write(t, filepath.Join(out, "b/x"), "")
			return []file{{path: filepath.Join(out, "a"), content: []byte("new")}, {path: filepath.Join(out, "b"), content: []byte("new")}}
		}, "is a directory"},
		{"file in place of a folder", func(t *testing.T, out string) []file {
			write(t, filepath.Join(out, "b"), "")
			return []file{{path: filepath.Join(out, "a"), content: []byte("new")}, {path: filepath.Join(out, "b/c"), content: []byte("new")}}
		}, "not a directory"},
		{"missing guest", func(t *testing.T, out string) []file {
			return []file{{path: filepath.Join(out, "a"), content: []byte("new")}, {path: filepath.Join(out, "c.wasm"), from: filepath.Join(out, "missing")}}
		}, "missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := t.TempDir()
			write(t, filepath.Join(out, "a"), "old")
			write(t, filepath.Join(out, "stale.go"), generatedMark)
			files := tt.make(t, out)
			before := tree(t, out)
			changed, err := commit(files, []string{out})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if len(changed) > 0 {
				t.Errorf("%v changed", changed)
			}
			if diff := cmp.Diff(before, tree(t, out)); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

func TestReplaceable(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "taken"), "")
	files := []file{{path: filepath.Join(dir, "cofaas/guests/x.wasm"), content: []byte("x")}}
	if err := replaceable(files); err != nil {
		t.Error(err)
	}
	if got := tree(t, dir); len(got) != 1 {
		t.Errorf("something was left: %v", got)
	}
	for _, name := range []string{"taken/x", "taken/guests/x"} {
		if err := replaceable([]file{{path: filepath.Join(dir, name)}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
