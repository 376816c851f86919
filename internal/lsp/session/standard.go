package session

import (
	"fmt"
	"go/types"
	"os"
	"slices"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// standard has the types of the standard library, from export data. The analyzers know that library by its names and export no facts
// about it, so its sources are not needed; they would be most of what a session holds in memory.
type standard struct {
	types map[string]*types.Package
}

// isStandard says whether pkg is of the standard library. All else belongs to a module.
func isStandard(pkg *packages.Package) bool { return pkg.Module == nil }

// load reads the export data of the packages of the standard library that others among pkgs import. They all come at once, and before
// any type is checked: reading completes packages that were read of others.
func (std *standard) load(config *packages.Config, pkgs map[string]*packages.Package, s *Session) error {
	if std.types == nil {
		std.types = map[string]*types.Package{}
	}
	var paths []string
	for _, id := range sortedKeys(pkgs) {
		if isStandard(pkgs[id]) {
			continue
		}
		for _, imp := range pkgs[id].Imports {
			if p := std.types[imp.PkgPath]; isStandard(imp) && imp.PkgPath != "unsafe" && (p == nil || !p.Complete()) && !slices.Contains(paths, imp.PkgPath) {
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
		if err := std.read(s, pkg); err != nil {
			return fmt.Errorf("standard library: package %s: %w", pkg.PkgPath, err)
		}
	}
	return nil
}

func (std *standard) read(s *Session, pkg *packages.Package) error {
	for _, err := range pkg.Errors {
		return err
	}
	f, err := os.Open(pkg.ExportFile)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return err
	}
	_, err = gcexportdata.Read(r, s.fset, std.types, pkg.PkgPath)
	return err
}
