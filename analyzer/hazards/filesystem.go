package hazards

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

var files = use{
	category: category.FileSystem,
	message:  " fails in a guest, which has no files: embed what it reads, or pass it in the environment",
	funcs: map[string][]string{
		"os.": {
			"Chdir", "Chmod", "Chown", "Chtimes", "CopyFS", "Create", "CreateTemp", "DirFS", "Lchown", "Link", "Mkdir", "MkdirAll",
			"MkdirTemp", "Open", "OpenFile", "OpenInRoot", "OpenRoot", "ReadDir", "ReadFile", "Readlink", "Remove", "RemoveAll", "Rename",
			"Symlink", "Truncate", "WriteFile",
		},
		"io/ioutil.":             {"ReadDir", "ReadFile", "TempDir", "TempFile", "WriteFile"},
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

// Unlike the others, these do not fail.
var globs = use{
	category: category.FileSystem,
	message:  " finds nothing in a guest, which has no files: embed what it looks for",
	funcs:    map[string][]string{"path/filepath.": {"Glob"}},
}

// zone notes time zones that a program looks up: the data is in files, unless the program carries it.
func (w *walker) zone(n *ast.CallExpr, callee *types.Func) {
	if !grpcpkg.IsFunc(callee, "time", "LoadLocation") || len(n.Args) != 1 {
		return
	}
	if v := w.info.Types[n.Args[0]].Value; v != nil && v.Kind() == constant.String &&
		slices.Contains([]string{"", "UTC", "Local"}, constant.StringVal(v)) {
		return
	}
	w.hazard(Hazard{
		Category: category.FileSystem,
		Message:  `time.LoadLocation fails in a guest, which has no files with time zones: import _ "time/tzdata"`,
		Zone:     true,
		fixes:    w.importZones(n.Pos()),
	}, n.Pos())
}
