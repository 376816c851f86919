package unit

import (
	"bytes"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/analysis/unitchecker"
)

// toolkit is what a go.mod mentions if functions of its module are generated.
const toolkit = "github.com/cofaas/cofaas"

// isRelated reports whether the module of a unit, or one that it shares a workspace with, has to do with the toolkit: other modules of the
// user's have no functions, and packages that do not use gRPC nothing that is of interest. What is in no module may be in any function.
func isRelated(cfg *unitchecker.Config) bool {
	if cfg.ModulePath == "" {
		return true
	}
	gomod := above(cfg.Dir, "go.mod")
	if gomod == "" || mentions(gomod) {
		return true
	}
	gowork := os.Getenv("GOWORK")
	switch gowork {
	case "off":
		return false
	case "":
		if gowork = above(cfg.Dir, "go.work"); gowork == "" {
			return false
		}
	}
	data, err := os.ReadFile(gowork)
	if err != nil {
		return true
	}
	work, err := modfile.ParseWork(gowork, data, nil)
	if err != nil {
		return true
	}
	for _, use := range work.Use {
		dir := filepath.FromSlash(use.Path)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(gowork), dir)
		}
		if mentions(filepath.Join(dir, "go.mod")) {
			return true
		}
	}
	return false
}

// mentions reports whether a go.mod mentions the toolkit. One that cannot be read may.
func mentions(gomod string) bool {
	data, err := os.ReadFile(gomod)
	return err != nil || bytes.Contains(data, []byte(toolkit))
}

// above returns the file of a name in dir or the closest folder above it, or "".
func above(dir, name string) string {
	for {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			return file
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
