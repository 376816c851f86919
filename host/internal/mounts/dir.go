package mounts

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// dir is an open folder below which something is mounted: what is mounted, and what a folder of the host has beside it.
type dir struct {
	info
	node   *node
	folder fs.FS // or nil
	path   string
	// entries are what is left to read, once something has been read.
	entries []fs.DirEntry
	read    bool
}

func newDir(n *node, folder fs.FS, at, name string) *dir {
	return &dir{info: info{name: name, mode: fs.ModeDir | 0o555}, node: n, folder: folder, path: at}
}

func (d *dir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *dir) Close() error               { return nil }
func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a directory")}
}

func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		if err := d.load(); err != nil {
			return nil, err
		}
	}
	if n <= 0 {
		n = len(d.entries)
	} else if len(d.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.entries))
	list := d.entries[:n:n]
	d.entries = d.entries[n:]
	return list, nil
}

func (d *dir) load() error {
	var entries []fs.DirEntry
	if d.folder != nil {
		there, err := fs.ReadDir(d.folder, d.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range there {
			if d.node.children[e.Name()] == nil {
				entries = append(entries, e)
			}
		}
	}
	for _, name := range d.node.names() {
		child := d.node.children[name]
		entry := info{name: name, mode: fs.ModeDir | 0o555}
		f, err := (&Tree{root: node{children: map[string]*node{name: child}}}).Open(name)
		if err != nil {
			continue // a file that is not there now
		}
		if i, err := f.Stat(); err == nil {
			entry.size, entry.mode, entry.modified = i.Size(), i.Mode(), i.ModTime()
		}
		_ = f.Close()
		entries = append(entries, fs.FileInfoToDirEntry(entry))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	d.entries, d.read = entries, true
	return nil
}

// mountedDir is the top of a mounted folder.
type mountedDir struct {
	fs.ReadDirFile
	name string
}

func (d mountedDir) Stat() (fs.FileInfo, error) {
	i, err := d.ReadDirFile.Stat()
	if err != nil {
		return nil, err
	}
	return info{d.name, i.Size(), i.Mode(), i.ModTime()}, nil
}

// info describes a file or folder of a tree.
type info struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
}

func (i info) Name() string       { return path.Base(i.name) }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.modified }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
