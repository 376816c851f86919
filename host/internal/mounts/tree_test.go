package mounts

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// write makes a folder of the host with files, by path.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func folder(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func list(t *testing.T, fsys fs.FS, name string) string {
	t.Helper()
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return err.Error()
	}
	var names []string
	for _, e := range entries {
		names = append(names, fs.FormatDirEntry(e))
	}
	return strings.Join(names, ", ")
}

func TestTree(t *testing.T) {
	conf := write(t, map[string]string{"a.conf": "a", "b.conf": "b", "sub/c.conf": "c", "sub/deep/d.conf": "d"})
	more := write(t, map[string]string{"x": "X"})
	var tree Tree
	add := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	add(tree.AddFolder("/etc/app/sub/more", folder(t, more))) // before what it is mounted in
	add(tree.AddFolder("/etc/app", folder(t, conf)))
	add(tree.AddFile("/etc/app/b.conf", Bytes("b.conf", []byte("mine"))))
	add(tree.AddFile("/etc/app/new/e.conf", Bytes("e.conf", []byte("e"))))
	add(tree.AddFile("/etc/hosts", Bytes("hosts", nil)))
	for name, want := range map[string]string{
		"etc/app/a.conf": "a", "etc/app/b.conf": "mine", "etc/app/sub/c.conf": "c", "etc/app/sub/deep/d.conf": "d", "etc/app/sub/more/x": "X",
		"etc/app/new/e.conf": "e", "etc/hosts": "",
	} {
		if got, err := fs.ReadFile(&tree, name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{
		".":                "d etc/",
		"etc":              "d app/, - hosts",
		"etc/app":          "- a.conf, - b.conf, d new/, d sub/",
		"etc/app/sub":      "- c.conf, d deep/, d more/",
		"etc/app/new":      "- e.conf",
		"etc/app/sub/more": "- x",
		"etc/none":         "open etc/none: file does not exist",
		"etc/hosts/x":      "open etc/hosts/x: file does not exist",
		"etc/app/a.conf/x": "open etc/app/a.conf/x: not a directory",
		"../etc":           "open ../etc: invalid argument",
	} {
		if got := list(t, &tree, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if err := fstest.TestFS(&tree, "etc/app/a.conf", "etc/app/sub/more/x", "etc/hosts"); err != nil {
		t.Error(err)
	}
	if tree.Empty() || !(&Tree{}).Empty() {
		t.Error("what is empty?")
	}
	if got := list(t, &Tree{}, "."); got != "" {
		t.Errorf("nothing mounted: got %s", got)
	}
}

func TestTree_Errors(t *testing.T) {
	var tree Tree
	file := Bytes("x", nil)
	if err := tree.AddFile("/a/b", file); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ path, want string }{
		{"", `"" does not begin with /`},
		{"etc", `"etc" does not begin with /`},
		{"/", "/ itself cannot be mounted: it has time zones and the like"},
		{"/etc/", `"/etc/" is not as short as it can be: "/etc"`},
		{"/etc/../x", `"/etc/../x" is not as short as it can be: "/x"`},
		{"/a/b/c", "/a/b/c is below a file that is mounted"},
		{"/a", "/a is a folder: /a/b is mounted in it"},
	} {
		if err := tree.AddFile(tt.path, file); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.path, err, tt.want)
		}
	}
}

// A guest gets out of no folder, and gets hold of nothing that waits.
func TestFolder_hostile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege, and there are no pipes with a path")
	}
	outside := write(t, map[string]string{"secret": "secret"})
	dir := write(t, map[string]string{"file": "content", "..data/v": "1"})
	for link, to := range map[string]string{
		"absolute": filepath.Join(outside, "secret"), "relative": "../" + filepath.Base(outside) + "/secret", "folder": outside, "proc": "/proc/self/environ",
		"up": "..", "inside": "file", "v": "..data/v", "loop": "loop", "dangling": "none", "null": "/dev/null",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	makePipe(t, filepath.Join(dir, "pipe"))
	var tree Tree
	if err := tree.AddFolder("/m", folder(t, dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"m/absolute", "m/relative", "m/folder", "m/folder/secret", "m/proc", "m/up", "m/up/" + filepath.Base(outside) + "/secret", "m/loop", "m/dangling", "m/null", "m/pipe",
		"m/../m/file", "/m/file", "m//file", "m/./file", "m/file/", "m/file\x00", "m/" + strings.Repeat("a/", 5000) + "a",
	} {
		f, err := tree.Open(name)
		if err == nil {
			t.Errorf("%.40s can be opened: %T", name, f)
			continue
		}
		if strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), outside) {
			t.Errorf("%.40s: the error tells of the host: %v", name, err)
		}
	}
	for name, want := range map[string]string{"m/file": "content", "m/inside": "content", "m/v": "1"} {
		if got, err := fs.ReadFile(&tree, name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// What is open can be read, and nothing else.
func TestFolder_readOnly(t *testing.T) {
	dir := write(t, map[string]string{"file": "content", "sub/file": ""})
	for _, name := range []string{"file", "sub"} {
		f, err := folder(t, dir).Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := f.(io.Writer); ok {
			t.Errorf("%s has Write", name)
		}
		for what, is := range map[string]bool{"WriterAt": is[io.WriterAt](f), "Fd": is[interface{ Fd() uintptr }](f), "Chmod": is[interface{ Chmod(fs.FileMode) error }](f), "os.File": is[*os.File](f)} {
			if is {
				t.Errorf("%s is an %s", name, what)
			}
		}
		if name == "file" && !(is[io.ReaderAt](f) && is[io.Seeker](f)) {
			t.Error("the file cannot be read from anywhere")
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func is[T any](f fs.File) bool {
	_, ok := f.(T)
	return ok
}

func TestOpenFile(t *testing.T) {
	dir := write(t, map[string]string{"v1": "1", "v2": "2"})
	name := filepath.Join(dir, "v1")
	var tree Tree
	if err := tree.AddFile("/conf", func() (fs.File, error) { return OpenFile(name) }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2"} { // as a program that replaces its files
		if got, err := fs.ReadFile(&tree, "conf"); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %s", got, err, want)
		}
		if err := os.Rename(filepath.Join(dir, "v2"), name); err != nil && want == "1" {
			t.Fatal(err)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Open("conf"); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	if got := list(t, &tree, "."); got != "" {
		t.Errorf("a file that is not there is listed: %s", got)
	}
}
