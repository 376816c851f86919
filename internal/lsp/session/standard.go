package session

import (
	"fmt"
	goimporter "go/importer"
	"go/types"
	"io"
	"os"
	"slices"

	"golang.org/x/tools/go/packages"
)

// standard has the types of the standard library, from export data. The analyzers know that library by its names and export no facts
// about it, so its sources are not needed; they would be most of what a session holds in memory.
type standard struct {
	importer types.Importer
	files    map[string]string         // export data, by path
	types    map[string]*types.Package // complete ones
}

// isStandard says whether pkg is of the standard library. All else belongs to a module.
func isStandard(pkg *packages.Package) bool { return pkg.Module == nil }

// load reads the export data of the packages of the standard library that others among pkgs import. They all come at once, and before
// any type is checked: reading completes packages that were read of others.
func (std *standard) load(config *packages.Config, pkgs map[string]*packages.Package, s *Session) error {
	if std.importer == nil {
		std.files, std.types = map[string]string{}, map[string]*types.Package{"unsafe": types.Unsafe}
		std.importer = goimporter.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(std.files[path]) })
	}
	var paths []string
	for _, id := range sortedKeys(pkgs) {
		if isStandard(pkgs[id]) {
			continue
		}
		for _, imp := range pkgs[id].Imports {
			if isStandard(imp) && std.types[imp.PkgPath] == nil && !slices.Contains(paths, imp.PkgPath) {
				paths = append(paths, imp.PkgPath)
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	exported := *config
	exported.Mode = packages.NeedName | packages.NeedExportFile
	list, err := packages.Load(&exported, paths...)
	if err != nil {
		return fmt.Errorf("standard library: %w", err)
	}
	for _, pkg := range list {
		for _, err := range pkg.Errors {
			// Such as one that is not there. Whoever imports it has that error too.
			s.opts.Warn("standard library: %v", err)
		}
		if pkg.ExportFile == "" {
			continue
		}
		std.files[pkg.PkgPath] = pkg.ExportFile
		if std.types[pkg.PkgPath], err = std.importer.Import(pkg.PkgPath); err != nil {
			delete(std.types, pkg.PkgPath)
			return fmt.Errorf("standard library: %w", err)
		}
	}
	return nil
}
