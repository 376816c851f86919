package mounts

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Folder is a folder of the host, for [Tree.AddFolder]. Symbolic links in it are followed as long as they stay in it.
type Folder struct {
	root *os.Root
	fsys fs.FS
}

// OpenFolder opens a folder, which is to be closed when no guest that has it runs any more. If the path itself is a link it is followed now.
func OpenFolder(name string) (*Folder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Folder{root, root.FS()}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Open opens a file or folder.
func (f *Folder) Open(name string) (fs.File, error) {
	info, err := fs.Stat(f.fsys, name)
	if err != nil {
		return nil, err
	}
	if err := checkType("open", name, info); err != nil {
		return nil, err
	}
	file, err := f.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	return restrict(file, path.Base(name))
}

// OpenFile opens a file of the host, for [Tree.AddFile]. Links are followed: it is the operator who names it, and who makes them.
func OpenFile(name string) (fs.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := checkType("open", name, info); err != nil {
		return nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return restrict(file, path.Base(name))
}

// checkType keeps guests from pipes and devices: opening or reading one may wait for ever, and with it the host's thread.
func checkType(op, name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() && !info.IsDir() {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrPermission}
	}
	return nil
}

// restrict leaves of an open file what reads. An *os.File has more to it, by which an engine could change the file.
func restrict(f fs.File, name string) (fs.File, error) {
	stat, err := f.Stat()
	if err == nil {
		err = checkType("open", name, stat)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	if list, ok := f.(fs.ReadDirFile); ok && stat.IsDir() {
		return hostDir{list}, nil
	}
	if random, ok := f.(reader); ok {
		return hostFile{random}, nil
	}
	return plainFile{f}, nil
}

type reader interface {
	fs.File
	io.ReaderAt
	io.Seeker
}

type (
	hostFile  struct{ reader }
	hostDir   struct{ fs.ReadDirFile }
	plainFile struct{ fs.File }
)

// memory is a file of fixed content.
type memory struct {
	*bytes.Reader
	info
}

func (m *memory) Stat() (fs.FileInfo, error) { return m.info, nil }
func (m *memory) Close() error               { return nil }
func (m *memory) Size() int64                { return m.info.size }

// Bytes returns what opens a file with that content, for [Tree.AddFile].
func Bytes(name string, content []byte) func() (fs.File, error) {
	return func() (fs.File, error) {
		return &memory{bytes.NewReader(content), info{name: path.Base(name), size: int64(len(content)), mode: 0o444, modified: started}}, nil
	}
}

// started is when what is in memory was made, as far as anybody can tell.
var started = time.Now()
