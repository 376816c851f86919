// Package results keeps what was found out about programs, in the user's cache folder, so that a second look at a program that has not
// changed costs no more than to see that.
//
// A result is kept under a [Key], which stands for everything that it depends on. There is no other way to find one, so none is ever
// stale. What is kept may go at any time: a result that cannot be read, or is not what was written, is one that is not there. Processes
// may use one folder at a time.
//
// The package imports the standard library and x/tools.
package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/go/packages"
)

// A Store keeps results of one kind.
type Store struct {
	dir string
	// maxCount and maxBytes bound what is kept.
	maxCount int
	maxBytes int64
}

// Open returns the store of results of a kind, which names a folder. Without a folder for caches, nothing is kept.
func Open(kind string) *Store {
	s := &Store{maxCount: 64, maxBytes: 64 << 20}
	if base, err := os.UserCacheDir(); err == nil {
		s.dir = filepath.Join(base, "cofaas", "results", kind)
	}
	return s
}

// Get returns the result that is kept under a key.
func (s *Store) Get(key Key) (data []byte, ok bool) {
	path := s.path(key)
	content, err := os.ReadFile(path)
	if err != nil || len(content) < sha256.Size {
		return nil, false
	}
	sum := sha256.Sum256(content[sha256.Size:])
	if !bytes.Equal(sum[:], content[:sha256.Size]) {
		return nil, false
	}
	// What is used stays. If that cannot be noted, it goes earlier.
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	return content[sha256.Size:], true
}

// Put keeps a result, and drops those that were not used for the longest time if there are too many. The error says why it is not kept,
// which need not concern anybody.
func (s *Store) Put(key Key, data []byte) error {
	if s.dir == "" {
		return os.ErrNotExist
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(s.dir, newPrefix+"*")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	_, err = tmp.Write(slices.Concat(sum[:], data))
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), s.path(key))
	}
	if err != nil {
		os.Remove(tmp.Name())
		return err
	}
	return s.trim()
}

func (s *Store) path(key Key) string { return filepath.Join(s.dir, hex.EncodeToString(key[:])) }

// newPrefix begins the names of files that are being written.
const newPrefix = "new-"

// trim drops what is too much.
func (s *Store) trim() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var files []os.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), newPrefix) && time.Since(info.ModTime()) < time.Hour {
			continue // another process has removed it, or is writing it
		}
		files = append(files, info)
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	var size int64
	for i, f := range files {
		size += f.Size()
		if i < s.maxCount && size <= s.maxBytes {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, f.Name())); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// Do returns what f makes of packages, as the go command lists them, and of details, see [KeyOf]; or what it has made of them before. An
// error of f is returned, and nothing kept.
func (s *Store) Do(pkgs []*packages.Package, details []string, f func() ([]byte, error)) ([]byte, error) {
	key, err := KeyOf(pkgs, details...)
	if err != nil {
		return nil, err
	}
	if data, ok := s.Get(key); ok {
		return data, nil
	}
	data, err := f()
	if err != nil {
		return nil, err
	}
	// A file that was written meanwhile may have been read before or after.
	if again, err := KeyOf(pkgs, details...); err != nil || again != key {
		return data, nil
	}
	// Without a cache, as in a home that cannot be written to, the next run takes as long as this one, and is right all the same.
	_ = s.Put(key, data)
	return data, nil
}
