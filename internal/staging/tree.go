package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	markerFile = "README"
	marker     = "This directory is a stage of cofaas-gen: a module from which a function is compiled.\n" +
		"It is written anew each time. Edits are lost.\n"
)

// readme is what the stage says of itself.
func readme(platform Platform, tags []string) string {
	env := strings.Join(platform.Env(), " ")
	if len(tags) > 0 {
		env += " GOFLAGS=-tags=" + strings.Join(tags, ",")
	}
	return marker + "It has what is needed for one system only. To build it by hand, or to open it in an editor, say which:\n\n\t" + env + "\n"
}

// A tree is the content of a stage.
type tree struct {
	files map[string]entry  // by slash-separated path
	roots map[string]string // folder of a module -> directory from which it was copied

	lines   map[string]string // name in //line directives -> the user's file
	changed map[string]bool   // import paths of packages that are not copied as they are
}

// An entry is one file.
type entry struct {
	src  string // file to copy, or empty
	data []byte // content, if there is no src
	orig string // the file that a message about this one is about; empty if there is none
}

func (e entry) read() ([]byte, error) {
	if e.src != "" {
		return os.ReadFile(e.src)
	}
	return e.data, nil
}

func newTree(platform Platform, tags []string) *tree {
	t := &tree{
		files:   make(map[string]entry),
		roots:   make(map[string]string),
		lines:   make(map[string]string),
		changed: make(map[string]bool),
	}
	t.add(markerFile, entry{data: []byte(readme(platform, tags))})
	return t
}

func (t *tree) add(name string, e entry) { t.files[name] = e }

// sync makes dir hold exactly the files of t.
func (t *tree) sync(ctx context.Context, dir string) error {
	same, err := t.compare(ctx, dir)
	if err != nil {
		return err
	}
	if same == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	next := filepath.Join(tmp, "new")
	for name, e := range t.files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		dst := filepath.Join(next, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(dst), 0o777); err != nil {
			return err
		}
		if same[name] && os.Link(filepath.Join(dir, filepath.FromSlash(name)), dst) == nil {
			continue
		}
		data, err := e.read()
		if err != nil {
			return err
		}
		if err := os.WriteFile(dst, data, 0o666); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	old := filepath.Join(tmp, "old")
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(next, dir); err != nil {
		return errors.Join(err, ignoreNotExist(os.Rename(old, dir)))
	}
	return nil
}

func ignoreNotExist(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// compare returns the files that dir holds as they should be, or nil if it holds exactly the files of t.
func (t *tree) compare(ctx context.Context, dir string) (map[string]bool, error) {
	same := make(map[string]bool)
	stale := false
	found := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case name == dir:
			if !d.IsDir() {
				return fmt.Errorf("%s is not a directory", dir)
			}
			return nil
		case d.IsDir():
			return nil
		}
		found++
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		e, ok := t.files[rel]
		if !ok || !d.Type().IsRegular() {
			stale = true
			return nil
		}
		want, err := e.read()
		if err != nil {
			return err
		}
		got, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		same[rel] = bytes.Equal(got, want)
		stale = stale || !same[rel]
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := os.Lstat(dir); errors.Is(statErr, fs.ErrNotExist) {
			return same, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if found > 0 {
		got, err := readOptional(filepath.Join(dir, markerFile))
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(string(got), marker[:strings.Index(marker, ":")]) {
			return nil, fmt.Errorf("%s exists and is not a stage: not overwritten", dir)
		}
	}
	if !stale && len(same) == len(t.files) {
		return nil, nil
	}
	return same, nil
}
