package staging

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/goload"
)

// Load is goload.Load for wasip1 that shows packages as a stage will have them: if there are errors, what [Patches] knows to
// help is patched, and the packages are loaded again. It returns the patches too.
func Load(cfg *packages.Config, patterns ...string) ([]*packages.Package, []Patch, error) {
	pkgs, err := goload.Load(cfg, patterns...)
	if err != nil || !failed(pkgs) {
		return pkgs, nil, err
	}
	patches, err := Patches(pkgs)
	if err != nil || len(patches) == 0 {
		return pkgs, nil, err
	}
	patched := *cfg
	patched.Overlay = maps.Clone(cfg.Overlay)
	if patched.Overlay == nil {
		patched.Overlay = make(map[string][]byte)
	}
	content := make(map[string][]byte)
	for _, p := range patches {
		if p.Version == "" {
			patched.Overlay[p.File] = p.Content
		} else {
			content[p.File] = p.Content // The go command takes no overlay for files of the module cache.
		}
	}
	parse := cfg.ParseFile
	if parse == nil {
		parse = func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
			return parser.ParseFile(fset, name, src, parser.AllErrors|parser.ParseComments)
		}
	}
	patched.ParseFile = func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
		if c := content[name]; c != nil {
			src = c
		}
		return parse(fset, name, src)
	}
	pkgs, err = goload.Load(&patched, patterns...)
	return pkgs, patches, err
}

// failed reports whether there is an error in pkgs or what they import.
func failed(pkgs []*packages.Package) bool {
	for p := range packages.Postorder(pkgs) {
		if len(p.Errors) > 0 {
			return true
		}
	}
	return false
}
