package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/mounts"
)

// Mount is a file or a folder of the host that a function can read.
type Mount struct {
	// Guest is where the function finds it: an absolute path with slashes.
	Guest string
	// Host is its path on the host. A symbolic link is followed there; those in a folder must not lead out of it.
	Host string
}

// files are what the instances of functions find of the host's files.
type files struct {
	system     *mounts.System
	folders    []*mounts.Folder
	byFunction map[string]functionFiles
}

type functionFiles struct {
	mounts []engine.Mount
	env    []string // what says where they are
}

// openFiles mounts for each function what the operator chose, beside what programs expect of a system. Policies have to be there.
func (h *Host) openFiles() error {
	h.files = files{system: mounts.OpenSystem(os.LookupEnv), byFunction: map[string]functionFiles{}}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(h.opts.Mounts)) {
		if !slices.Contains(functionNames(h.app), name) {
			errs = append(errs, errors.New("mounts: "+unknownFunctionName(name, h.app)))
		}
	}
	for _, name := range functionNames(h.app) {
		f, err := h.filesOf(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("function %s: files: %w", name, err))
		}
		h.files.byFunction[name] = f
	}
	return errors.Join(errs...)
}

func (h *Host) filesOf(function string) (functionFiles, error) {
	tree := &mounts.Tree{}
	env, err := h.files.system.AddZones(tree)
	if err != nil {
		return functionFiles{}, err
	}
	if h.policies[function].Outbound() {
		more, err := h.files.system.AddNetwork(tree)
		if err != nil {
			return functionFiles{}, err
		}
		env = append(env, more...)
	}
	// Folders before what is mounted in them.
	chosen := slices.SortedFunc(slices.Values(h.opts.Mounts[function]), func(a, b Mount) int { return cmp.Compare(strings.Count(a.Guest, "/"), strings.Count(b.Guest, "/")) })
	for _, m := range chosen {
		if err := h.files.add(tree, m); err != nil {
			return functionFiles{}, fmt.Errorf("%s=%s: %w", m.Guest, m.Host, err)
		}
	}
	if tree.Empty() {
		return functionFiles{env: env}, nil
	}
	return functionFiles{[]engine.Mount{{Guest: "/", FS: tree}}, env}, nil
}

// add mounts a file or folder of the host.
func (f *files) add(tree *mounts.Tree, m Mount) error {
	info, err := os.Stat(m.Host)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return tree.AddFile(m.Guest, func() (fs.File, error) { return mounts.OpenFile(m.Host) })
	}
	folder, err := mounts.OpenFolder(m.Host)
	if err != nil {
		return err
	}
	f.folders = append(f.folders, folder)
	return tree.AddFolder(m.Guest, folder)
}

// close closes what is open. No guest may be running.
func (f *files) close() {
	for _, folder := range f.folders {
		_ = folder.Close() // nothing was written
	}
	if f.system != nil {
		f.system.Close()
	}
}
