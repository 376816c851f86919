package hazards

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/cofaas/cofaas/analyzer/internal/category"
)

// busyWait notes loops that ask over and over for what another goroutine does, and do not let it run: a guest has one thread, and its
// goroutines switch only where one waits.
func (w *walker) busyWait(n *ast.ForStmt) {
	if !w.asks(n) {
		return
	}
	// What lets others run comes first in the body, or in the default.
	pos, oneLine := n.Body.Lbrace+1, w.line(n.Body.Lbrace) == w.line(n.Body.Rbrace)
	if len(n.Body.List) > 0 {
		for _, stmt := range n.Body.List[0].(*ast.SelectStmt).Body.List {
			if clause := stmt.(*ast.CommClause); clause.Comm == nil {
				pos, oneLine = clause.Colon+1, false
			}
		}
	}
	w.hazard(Hazard{
		Category: category.BusyWait,
		Message:  "loop that waits without letting other goroutines run, so that in a guest it may wait forever: block, or call runtime.Gosched",
		fixes:    w.letRun(pos, oneLine),
	}, n.Pos())
}

func (w *walker) line(pos token.Pos) int { return w.pass.Fset.Position(pos).Line }

// asks reports whether the loop does nothing but ask: its body is empty, or a select that goes on when nothing is ready.
func (w *walker) asks(n *ast.ForStmt) bool {
	if n.Init != nil || n.Post != nil {
		return false
	}
	if n.Cond != nil && !w.onlyLooks(n.Cond) {
		return false
	}
	switch len(n.Body.List) {
	case 0:
		return true
	case 1:
		if sel, ok := n.Body.List[0].(*ast.SelectStmt); ok {
			return w.polls(sel)
		}
	}
	return false
}

// polls reports whether sel has a default that does nothing. One that waits for a clock gets its time.
func (w *walker) polls(sel *ast.SelectStmt) bool {
	idle := false
	for _, stmt := range sel.Body.List {
		clause := stmt.(*ast.CommClause)
		if clause.Comm == nil {
			idle = isIdle(clause.Body)
		} else if w.mentionsClock(clause.Comm) {
			return false
		}
	}
	return idle
}

func isIdle(body []ast.Stmt) bool {
	return !slices.ContainsFunc(body, func(stmt ast.Stmt) bool {
		branch, ok := stmt.(*ast.BranchStmt)
		return !ok || branch.Tok != token.CONTINUE
	})
}

// looking are the functions of the standard library that only look at what others set.
var looking = map[string][]string{
	"sync.Mutex":          {"TryLock"},
	"sync.RWMutex":        {"TryLock", "TryRLock"},
	"sync/atomic.Bool":    {"CompareAndSwap", "Load", "Swap"},
	"sync/atomic.Int32":   {"CompareAndSwap", "Load"},
	"sync/atomic.Int64":   {"CompareAndSwap", "Load"},
	"sync/atomic.Uint32":  {"CompareAndSwap", "Load"},
	"sync/atomic.Uint64":  {"CompareAndSwap", "Load"},
	"sync/atomic.Pointer": {"CompareAndSwap", "Load"},
	"sync/atomic.": {
		"CompareAndSwapInt32", "CompareAndSwapInt64", "CompareAndSwapUint32", "CompareAndSwapUint64",
		"LoadInt32", "LoadInt64", "LoadUint32", "LoadUint64", "LoadPointer",
	},
}

// onlyLooks reports whether all that cond calls are functions that only look.
func (w *walker) onlyLooks(cond ast.Expr) bool {
	only := true
	ast.Inspect(cond, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if w.info.Types[n.Fun].IsType() {
				return true
			}
			switch callee := typeutil.Callee(w.info, n).(type) {
			case *types.Builtin:
			case *types.Func:
				only = only && callee.Pkg() != nil && slices.Contains(looking[callee.Pkg().Path()+"."+receiverName(callee)], callee.Name())
			default:
				only = false
			}
		case *ast.UnaryExpr:
			only = only && n.Op != token.ARROW // which waits
		}
		return only
	})
	return only
}
