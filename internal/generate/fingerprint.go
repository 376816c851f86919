package generate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/loader"
	"github.com/cofaas/cofaas/internal/netoverlay"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/results"
	"github.com/cofaas/cofaas/internal/staging"
)

// A second run with no change has to be quick, and analysing and building are not. So each run leaves a record of everything
// that it read and wrote, in the user's cache; a run whose record still holds has nothing to do.

// record is what a run read and wrote.
type record struct {
	// Inputs is the hash over options, tool, toolchain and every source file of the functions' packages.
	Inputs string
	// Files has the hash of every proto that was read and every file that was written, by path.
	Files map[string]string
}

type fingerprints struct {
	path   string
	inputs string
}

// newFingerprints hashes what can be found without analysis: the annotated packages and all that they import.
func newFingerprints(opts *Options, found *found) (*fingerprints, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	details, err := details(opts, found)
	if err != nil {
		return nil, err
	}
	key, err := results.KeyOf(found.targets[0].roots, details...)
	if err != nil {
		return nil, err
	}
	// What is written depends on where: one record per module and choice of functions.
	place := sha256.Sum256([]byte(strings.Join(append(sortedKeys(found.wanted), opts.Dir, opts.StageDir), "\n")))
	return &fingerprints{path: filepath.Join(cache, "runs", hex.EncodeToString(place[:12])+".json"), inputs: hex.EncodeToString(key[:])}, nil
}

// details are what analysis depends on, beside the packages of the first target and protos: options, tool, and other targets.
func details(opts *Options, found *found) ([]string, error) {
	details := []string{"tool " + opts.Tool, "net " + netoverlay.Fingerprint(), "folder " + opts.Dir, fmt.Sprintf("patterns %t", len(opts.Patterns) > 0)}
	for _, a := range found.annotated {
		details = append(details, fmt.Sprintf("function %s %t", a.PkgPath, found.wanted[a.PkgPath]))
	}
	for _, name := range sortedKeys(found.network) {
		details = append(details, fmt.Sprintf("network %s %q", name, found.network[name]))
	}
	for _, s := range sortedKeys(opts.Protos) {
		details = append(details, "proto "+s+"="+opts.Protos[s])
	}
	for _, dir := range opts.ImportPaths {
		details = append(details, "import path "+dir)
	}
	for _, tag := range opts.Tags {
		details = append(details, "tag "+tag)
	}
	details = append(details, found.places.details(found.rootNames(), found.annotated)...)
	for i, t := range found.targets {
		details = append(details, fmt.Sprintf("platform %+v", t.platform))
		if i == 0 {
			continue
		}
		key, err := results.KeyOf(t.roots)
		if err != nil {
			return nil, err
		}
		details = append(details, hex.EncodeToString(key[:]))
	}
	return details, nil
}

// unchanged says whether files still have the hashes that they had.
func unchanged(files map[string]string) bool {
	for name, want := range files {
		if got, err := results.FileHash(name); err != nil || got != want {
			return false
		}
	}
	return true
}

// fresh says whether the last run's record still holds.
func (f *fingerprints) fresh() bool {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return false
	}
	var r record
	if json.Unmarshal(data, &r) != nil || r.Inputs != f.inputs || len(r.Files) == 0 {
		return false
	}
	return unchanged(r.Files)
}

// cFiles are the files that native functions have of C in the user's modules and that the go command does not list.
func (p *project) cFiles() []string {
	t := p.target(placement.Native)
	if t == nil {
		return nil
	}
	var list []string
	for _, path := range sortedKeys(t.byPath) {
		if pkg := t.byPath[path]; pkg.Module != nil && loader.Owned(pkg.Module) {
			list = append(list, staging.CFiles(pkg)...)
		}
	}
	return list
}

// save records a run that has succeeded.
func (f *fingerprints) save(p *project, written []file) error {
	r := record{Inputs: f.inputs, Files: map[string]string{}}
	names := append(slices.Clone(p.protos.read), p.cFiles()...)
	for _, w := range written {
		names = append(names, w.path)
	}
	for _, name := range names {
		sum, err := results.FileHash(name)
		if err != nil {
			return err
		}
		r.Files[name] = sum
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return err
	}
	tmp, err := (&file{path: f.path, content: data}).write()
	if err != nil {
		return err
	}
	return os.Rename(tmp, f.path)
}
