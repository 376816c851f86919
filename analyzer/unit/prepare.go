package unit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis/unitchecker"
	"golang.org/x/tools/go/gcexportdata"
)

// Prepare returns the name of a configuration as cfg, but with the types of packages that were skipped. It is written, with what it refers
// to, to dir, which the caller removes when the unit is done.
func Prepare(cfg *unitchecker.Config, dir string) (string, error) {
	prepared := *cfg
	prepared.PackageVetx = maps.Clone(cfg.PackageVetx)
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(cfg.PackageFile[path]) })
	for i, path := range slices.Sorted(maps.Keys(cfg.PackageVetx)) {
		h, err := readHeader(cfg.PackageVetx[path])
		if err != nil {
			return "", err
		}
		if h.types > 0 {
			continue
		}
		data, err := exported(compiled, fset, path)
		if err != nil {
			return "", fmt.Errorf("types of %s: %w", path, err)
		}
		name := filepath.Join(dir, fmt.Sprintf("%d.vetx", i))
		if err := os.WriteFile(name, append(header{types: uint32(len(data))}.append(nil), data...), 0o666); err != nil {
			return "", err
		}
		prepared.PackageVetx[path] = name
	}
	js, err := json.Marshal(&prepared)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "vet.cfg")
	return name, os.WriteFile(name, js, 0o666)
}

// exported returns the types of a package, taken from what the compiler has written, as unitchecker writes them.
func exported(compiled types.Importer, fset *token.FileSet, path string) ([]byte, error) {
	pkg, err := compiled.Import(path)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := gcexportdata.Write(&b, fset, pkg); err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(b.Bytes(), []byte("i")), nil // which says how the rest is encoded
}
