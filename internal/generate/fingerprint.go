package generate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/goload"
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
func newFingerprints(ctx context.Context, opts *Options, annotated []analyzer.Annotated, wanted map[string]bool) (*fingerprints, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	paths := make([]string, len(annotated))
	for i, a := range annotated {
		paths[i] = a.PkgPath
		fmt.Fprintf(h, "function %s %t\n", a.PkgPath, wanted[a.PkgPath])
	}
	protos := ""
	for _, s := range sortedKeys(opts.Protos) {
		protos += s + "=" + opts.Protos[s] + " "
	}
	fmt.Fprintf(h, "tool %s\ngo %s %s\nimport paths %q\nprotos %s\ntags %q\n", opts.Tool, runtime.Version(), os.Getenv("GOFLAGS"), opts.ImportPaths, protos, opts.Tags)
	roots, err := goload.Load(&packages.Config{
		Context: ctx, Dir: opts.Dir, Env: guestEnv(), BuildFlags: tagFlags(opts.Tags),
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedEmbedFiles | packages.NeedImports | packages.NeedDeps | packages.NeedModule,
	}, paths...)
	if err != nil {
		return nil, err
	}
	// What is written depends on where: one record per module and choice of functions.
	key := sha256.Sum256([]byte(strings.Join(append(sortedKeys(wanted), opts.Dir, opts.StageDir), "\n")))
	f := &fingerprints{path: filepath.Join(cache, "runs", hex.EncodeToString(key[:12])+".json")}
	if err := hashPackages(h, roots); err != nil {
		return nil, err
	}
	f.inputs = hex.EncodeToString(h.Sum(nil))
	return f, nil
}

// hashPackages adds the sources of packages and all that they import. A package of a released module is identified by the
// module's version.
func hashPackages(h hash.Hash, roots []*packages.Package) error {
	all := map[string]*packages.Package{}
	packages.Visit(roots, nil, func(p *packages.Package) { all[p.PkgPath] = p })
	mods := map[string]bool{}
	for _, path := range sortedKeys(all) {
		p := all[path]
		fmt.Fprintf(h, "package %s\n", path)
		for _, err := range p.Errors {
			fmt.Fprintf(h, "error %s\n", err)
		}
		m := p.Module
		if m == nil {
			continue // of the standard library, which comes with the Go version
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if !p.Module.Main && m.Version != "" {
			fmt.Fprintf(h, "module %s %s\n", m.Path, m.Version)
			continue
		}
		mods[m.GoMod] = true
		for _, name := range slices.Concat(p.GoFiles, p.OtherFiles, p.EmbedFiles, p.IgnoredFiles) {
			if err := hashFile(h, name); err != nil {
				return err
			}
		}
	}
	for _, mod := range sortedKeys(mods) {
		for _, name := range []string{mod, strings.TrimSuffix(mod, ".mod") + ".sum"} {
			if err := hashFile(h, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func hashFile(h hash.Hash, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(h, "file %s\n", name)
	_, err = io.Copy(h, f)
	return err
}

func fileHash(name string) (string, error) {
	h := sha256.New()
	if err := hashFile(h, name); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
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
	for name, want := range r.Files {
		if got, err := fileHash(name); err != nil || got != want {
			return false
		}
	}
	return true
}

// save records a run that has succeeded.
func (f *fingerprints) save(p *project, written []file) error {
	r := record{Inputs: f.inputs, Files: map[string]string{}}
	names := slices.Clone(p.protos.read)
	for _, w := range written {
		names = append(names, w.path)
	}
	for _, name := range names {
		sum, err := fileHash(name)
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
