// Package mounts builds the file systems that guests see: folders and files of the host at the paths that the operator chose, and what
// programs expect everywhere, such as time zones. Nothing in them can be changed, and no symbolic link leads out of a folder.
package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Tree is a read-only file system of what is mounted in it, beginning with "/" of a guest. It is made by one goroutine; then it is safe
// for concurrent use. The zero value is an empty folder.
type Tree struct{ root node }

// node is a path at or below which something is mounted.
type node struct {
	children map[string]*node
	// One of these is what is mounted at the path itself; neither is a folder that only leads to what is.
	folder fs.FS
	file   func() (fs.File, error)
}

// Empty reports whether nothing is mounted.
func (t *Tree) Empty() bool { return len(t.root.children) == 0 }

// AddFolder mounts a folder at an absolute path of the guest, in place of what is mounted at that path already. What is mounted below it,
// before or after, hides what the folder has there.
func (t *Tree) AddFolder(guest string, folder fs.FS) error {
	n, err := t.at(guest)
	if err == nil {
		n.folder, n.file = folder, nil
	}
	return err
}

// AddFile mounts a file, which is opened anew each time that the guest does, in place of what is mounted at its path already.
func (t *Tree) AddFile(guest string, open func() (fs.File, error)) error {
	n, err := t.at(guest)
	if err == nil && len(n.children) > 0 {
		err = fmt.Errorf("%s is a folder: %s is mounted in it", guest, path.Join(guest, n.names()[0]))
	}
	if err == nil {
		n.folder, n.file = nil, open
	}
	return err
}

// CheckPath reports what is wrong with a path of a guest at which something is to be mounted.
func CheckPath(guest string) error {
	switch {
	case !strings.HasPrefix(guest, "/"):
		return fmt.Errorf("%q does not begin with /", guest)
	case guest == "/":
		return errors.New("/ itself cannot be mounted: it has time zones and the like")
	case path.Clean(guest) != guest || strings.ContainsRune(guest, 0):
		return fmt.Errorf("%q is not as short as it can be: %q", guest, path.Clean(guest))
	}
	return nil
}

func (t *Tree) at(guest string) (*node, error) {
	if err := CheckPath(guest); err != nil {
		return nil, err
	}
	n := &t.root
	for part := range strings.SplitSeq(guest[1:], "/") {
		next := n.children[part]
		if next == nil {
			next = &node{}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[part] = next
		}
		if n.file != nil {
			return nil, fmt.Errorf("%s is below a file that is mounted", guest)
		}
		n = next
	}
	return n, nil
}

// Open opens a file or folder by its path without the slash at the beginning, as package fs has it.
func (t *Tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	n, folder, rest := t.find(name)
	switch {
	case n != nil && n.file != nil:
		return named(n.file())(name)
	case n != nil && len(n.children) > 0 || name == ".":
		return newDir(n, folder, rest, name), nil
	case folder != nil:
		f, err := folder.Open(rest)
		if list, ok := f.(fs.ReadDirFile); ok && err == nil && rest == "." {
			f = mountedDir{list, path.Base(name)} // it has another name here
		}
		return named(f, err)(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// find returns the node of a path, if there is one, and the folder that is mounted at it or nearest above it, with the path in that.
func (t *Tree) find(name string) (n *node, folder fs.FS, rest string) {
	n = &t.root
	if name == "." {
		return n, nil, "."
	}
	for left := name; left != ""; {
		var part string
		part, left, _ = strings.Cut(left, "/")
		if n != nil {
			n = n.children[part]
		}
		switch {
		case n != nil && n.file != nil && left != "":
			return nil, nil, "" // there is nothing below a file
		case n != nil && n.folder != nil:
			folder, rest = n.folder, "."
		case n != nil && n.file != nil:
			folder = nil
		case folder != nil:
			rest = path.Join(rest, part)
		}
	}
	return n, folder, rest
}

// named gives errors the path that was asked for, and nothing of the host's.
func named(f fs.File, err error) func(name string) (fs.File, error) {
	return func(name string) (fs.File, error) {
		if err == nil {
			return f, nil
		}
		for _, known := range []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrInvalid} {
			if errors.Is(err, known) {
				return nil, &fs.PathError{Op: "open", Path: name, Err: known}
			}
		}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
}

// names are those of the node's children, sorted.
func (n *node) names() []string { return slices.Sorted(maps.Keys(n.children)) }
