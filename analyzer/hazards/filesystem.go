package hazards

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// reads are the functions that work on what the operator of the host mounts.
var reads = use{
	category: category.FileSystem,
	message:  " fails in a guest unless the host is started with -mount for what it reads: or embed that, or pass it in the environment",
	native:   " fails in a native isolate unless the host is started with -mount for what it reads: or embed that, or pass it in the environment",
	funcs: map[string][]string{
		"os.":                    {"Chdir", "DirFS", "Open", "OpenInRoot", "OpenRoot", "ReadDir", "ReadFile", "Readlink"},
		"io/ioutil.":             {"ReadDir", "ReadFile"},
		"path/filepath.":         {"EvalSymlinks", "Walk", "WalkDir"},
		"text/template.":         {"ParseFiles", "ParseGlob"},
		"text/template.Template": {"ParseFiles", "ParseGlob"},
		"html/template.":         {"ParseFiles", "ParseGlob"},
		"html/template.Template": {"ParseFiles", "ParseGlob"},
		"crypto/tls.":            {"LoadX509KeyPair"},
		"net/http.":              {"ServeFile"},
		"debug/buildinfo.":       {"ReadFile"},
	},
}

var files = use{
	category: category.FileSystem,
	message:  " fails in a guest, which has no files that it may write",
	native:   " fails in a native isolate, which has no files that it may write",
	funcs: map[string][]string{
		"os.": {
			"Chmod", "Chown", "Chtimes", "CopyFS", "Create", "CreateTemp", "Lchown", "Link", "Mkdir", "MkdirAll",
			"MkdirTemp", "OpenFile", "Remove", "RemoveAll", "Rename",
			"Symlink", "Truncate", "WriteFile",
		},
		"io/ioutil.": {"TempDir", "TempFile", "WriteFile"},
	},
}

// Unlike the others, these do not fail.
var globs = use{
	category: category.FileSystem,
	message:  " finds nothing in a guest unless the host is started with -mount for what it looks for: or embed that",
	native:   " finds nothing in a native isolate unless the host is started with -mount for what it looks for: or embed that",
	funcs:    map[string][]string{"path/filepath.": {"Glob"}},
}

// zone notes time zones that a program looks up: guests see the files of the host's machine, which small container images do not have, unless
// the program carries the data.
func (w *walker) zone(n *ast.CallExpr, callee *types.Func) {
	if !grpcpkg.IsFunc(callee, "time", "LoadLocation") || len(n.Args) != 1 {
		return
	}
	if v := w.info.Types[n.Args[0]].Value; v != nil && v.Kind() == constant.String &&
		slices.Contains([]string{"", "UTC", "Local"}, constant.StringVal(v)) {
		return
	}
	const message = `time.LoadLocation takes time zones from files of the host, and fails where it has none: import _ "time/tzdata"`
	w.hazard(Hazard{
		Category: category.FileSystem,
		Message:  message,
		Native:   message,
		Zone:     true,
		fixes:    w.importZones(n.Pos()),
	}, n.Pos())
}
