package staging

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

const unixPath = "golang.org/x/sys/unix"

// signalNames are what package unix has of signals on Unix systems and lacks on wasip1, where package syscall has it. It is of the
// same types, since those of package unix are aliases.
var signalNames = strings.Fields(`
	Signal
	SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV
	SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGWINCH SIGXCPU SIGXFSZ
`)

// signalPatches patches the files of a package of the user's that import package unix for nothing but signals: they import
// package syscall, by the name that package unix had. Files of other modules are not patched, since the go command, which has
// to learn of the import, takes no other content for them.
func signalPatches(p *packages.Package) ([]Patch, error) {
	if p.Imports[unixPath] == nil || p.Module == nil || !isUsers(p.Module) {
		return nil, nil
	}
	var list []Patch
	for _, name := range p.GoFiles {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if content, ok := signalsFromSyscall(name, src); ok {
			list = append(list, Patch{
				Package: p.PkgPath, Module: p.Module.Path, File: name, Content: content,
				Reason: "signals come from package syscall, which has the same: " + unixPath + " has none on wasip1, and a guest gets none",
			})
		}
	}
	return list, nil
}

// signalsFromSyscall returns src with the import of package unix changed, unless the file needs more of it than signals.
func signalsFromSyscall(name string, src []byte) ([]byte, bool) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		return nil, false
	}
	var spec *ast.ImportSpec
	for _, s := range f.Imports {
		if path, err := strconv.Unquote(s.Path.Value); err == nil && path == unixPath {
			if spec != nil {
				return nil, false
			}
			spec = s
		}
	}
	if spec == nil {
		return nil, false
	}
	local := "unix"
	if spec.Name != nil {
		local = spec.Name.Name
	}
	used, others := 0, 0
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			// An identifier that the parser has resolved is a variable of this file's, not the package.
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local && id.Obj == nil {
				if slices.Contains(signalNames, sel.Sel.Name) {
					used++
				} else {
					others++
				}
			}
		}
		return true
	})
	if used == 0 || others > 0 {
		return nil, false
	}
	start, end := fset.Position(spec.Pos()).Offset, fset.Position(spec.End()).Offset
	return slices.Concat(bytes.Clone(src[:start]), []byte(local+` "syscall"`), src[end:]), true
}
