// Package staging builds guests and native programs from a stage: a real Go module in a directory of its own, which holds copies of the
// packages that have to be rewritten, and of those that lie in a directory of the user's, and nothing else. All other
// modules come from the module cache as they are. The user's tree is only read.
//
// A stage looks like this, and can be inspected and built by hand with the go command:
//
//	README           marks the directory as a stage, and says in which environment it builds
//	go.work          only if the user works in a workspace
//	main/            the module that holds the function: go.mod, go.sum, copied packages
//	deps/path@v1.2.3 every other module of which a copy is needed
//
// Nothing in a stage depends on where it is or on where the user's tree is, so equal input gives equal bytes out, on any
// machine. Files are copied as they are: with -trimpath a stack trace names them by import path, as it does in a native
// build. Only rewritten files get //line directives, where rewriting moved a line. Compile errors are mapped back to the
// user's files by [Stage.Build].
//
// A native program is staged as a guest is, for another platform: it has the same stubs, and the toolchain and the packages of others as
// they are.
//
// Package net of a guest is not quite that of the Go release: see package netoverlay. To build a stage by hand, give the go command the
// overlay too.
//
// The package decides nothing about what is rewritten. It may import the standard library, golang.org/x/mod,
// golang.org/x/tools/go/packages, and packages goload, netoverlay and wasmopt.
package staging

import (
	"path/filepath"

	"golang.org/x/tools/go/packages"
)

// LoadMode is what [Write] and [Preflight] need to know of each package of a closure.
const LoadMode = packages.NeedName | packages.NeedFiles | packages.NeedEmbedFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedModule

// A Spec says which function is staged and how its packages differ from the user's tree.
type Spec struct {
	// Main is the import path of the function's main package.
	Main string

	// Platform is what the function is built for.
	Platform Platform

	// Packages is the closure of Main, loaded for the platform with at least [LoadMode]: either every package of it, or
	// roots from which Imports lead to the others. What only rewritten or extra files import may be missing: Write
	// loads it, as seen from Dir.
	Packages []*packages.Package

	// Rewritten maps import path and absolute file path to new content.
	Rewritten map[string]map[string][]byte

	// Copies maps import paths of packages that are needed both as they are and rewritten to those of the rewritten copies, which
	// lie below them: what Rewritten has of the package is about the copy, and its importers are rewritten to import that.
	Copies map[string]string

	// Extra maps import path and base name to files that are added to a package. The package may be new, if its
	// path lies in a module of the closure.
	Extra map[string]map[string][]byte

	// Dir is where Packages was loaded: in the main module, or in its workspace.
	Dir string

	// Tags are the build tags with which Packages was loaded.
	Tags []string

	// Env is the environment of every go command. If nil, it is that of the process. GOOS, GOARCH, CGO_ENABLED,
	// GOWORK and GOFLAGS are set as needed.
	Env []string
}

// A Stage is a module ready to be built. Its methods may be called concurrently, and stages in different directories
// do not disturb each other.
type Stage struct {
	dir      string // absolute
	main     string
	platform Platform // with cgo only if the function needs it
	tags     []string
	env      []string // complete environment of a build
	tree     *tree
	pkgs     map[string]*packages.Package // the closure, by import path
}

// Dir returns the stage's directory.
func (s *Stage) Dir() string { return s.dir }

// ModuleDir returns the directory from which the go command builds the function.
func (s *Stage) ModuleDir() string { return filepath.Join(s.dir, mainDir) }

// BuildOptions change how a function is linked.
type BuildOptions struct {
	// LDFlags are the linker's flags. If empty, they are "-s -w".
	LDFlags string
	// CacheDir is where files for the go command stay from one guest to the next. If empty, it is the folder cofaas in the user's cache.
	CacheDir string
}
