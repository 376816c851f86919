package results

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Key stands for all that a result depends on.
type Key [sha256.Size]byte

// variables of the environment that mean something to the go command beside what it lists.
var variables = []string{"GOFLAGS", "GOWORK", "GOEXPERIMENT", "GO111MODULE", "GOTOOLCHAIN"}

// KeyOf returns the key of results about packages, as the go command lists them with all that they import. Whatever else a result
// depends on is in details, which should begin with what tells one build of a tool from another.
//
// Files of the user's are known by their contents; packages of a released module by its version and which of its files count; the
// standard library by where it is and its version.
func KeyOf(pkgs []*packages.Package, details ...string) (Key, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n%s\n", details, runtime.Version())
	for _, name := range variables {
		fmt.Fprintf(h, "%s=%q\n", name, os.Getenv(name))
	}
	for _, p := range pkgs {
		fmt.Fprintf(h, "root %s\n", p.ID)
	}
	if err := hashPackages(h, pkgs); err != nil {
		return Key{}, err
	}
	return Key(h.Sum(nil)), nil
}

func hashPackages(h hash.Hash, roots []*packages.Package) error {
	all := map[string]*packages.Package{}
	packages.Visit(roots, nil, func(p *packages.Package) { all[p.ID] = p })
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	mods := map[string]bool{}
	for _, id := range ids {
		p := all[id]
		fmt.Fprintf(h, "package %s %s\n", id, p.Name)
		for _, err := range p.Errors {
			fmt.Fprintf(h, "error %s\n", err)
		}
		files := slices.Concat(p.GoFiles, p.OtherFiles, p.EmbedFiles, p.IgnoredFiles)
		switch m := p.Module; {
		case m == nil && id == "unsafe":
			// The version of the standard library is two folders above each of its packages, unless it is being developed.
			if err := hashFile(h, filepath.Join(p.Dir, "../../VERSION")); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			fmt.Fprintf(h, "files %q\n", files)
		case m == nil && strings.Contains(id, "command-line-arguments"):
			for _, name := range files {
				if err := hashFile(h, name); err != nil {
					return err
				}
			}
		case m == nil:
			fmt.Fprintf(h, "files %q\n", files)
		case released(m):
			fmt.Fprintf(h, "module %s %s %s\nfiles %q\n", m.Path, m.Version, actual(m).Dir, files)
		default:
			if m.GoMod != "" {
				mods[m.GoMod] = true
			}
			for _, name := range files {
				if err := hashFile(h, name); err != nil {
					return err
				}
			}
		}
	}
	// Language versions, and what else the go command reads of the files of modules.
	for _, mod := range slices.Sorted(maps.Keys(mods)) {
		for _, name := range []string{mod, strings.TrimSuffix(mod, ".mod") + ".sum"} {
			if err := hashFile(h, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// released says whether a module lies in the module cache, where files never change. That of a vendor folder does not.
func released(m *packages.Module) bool {
	a := actual(m)
	return !m.Main && a.Version != "" && strings.HasSuffix(a.Dir, "@"+a.Version)
}

// actual is what a module is replaced by, or itself.
func actual(m *packages.Module) *packages.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

func hashFile(h hash.Hash, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "file %s %d\n", name, info.Size())
	_, err = io.Copy(h, f)
	return err
}

// FileHash returns a hash of the contents of a file, for results that depend on files beside those of packages.
func FileHash(name string) (string, error) {
	h := sha256.New()
	if err := hashFile(h, name); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
