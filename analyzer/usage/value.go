package usage

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Value is what is known, at generation time, of a string that a program
// passes to grpc or net.
type Value struct {
	Known   bool
	Const   string // if Known
	Default string // if not Known: what it is unless the user says otherwise, as for flags
	Source  string // if not Known: where it comes from, as in "flag addr" or "environment variable ADDR"
}

// String returns the value, or where it comes from.
func (v Value) String() string {
	switch {
	case v.Known:
		return v.Const
	case v.Default != "":
		return v.Source + " (default " + v.Default + ")"
	case v.Source != "":
		return v.Source
	}
	return "unknown"
}

func unknown(source string) Value { return Value{Source: source} }

// constant returns what is known of the string at cur.
func (f *flow) constant(cur inspector.Cursor) Value {
	return f.stringValue(cur, 0)
}

// maxDepth bounds how many concatenations and dereferences are looked through.
const maxDepth = 8

func (f *flow) stringValue(cur inspector.Cursor, depth int) Value {
	if depth > maxDepth {
		return unknown("a computed value")
	}
	if v, ok := f.literal(cur.Node().(ast.Expr)); ok {
		return v
	}
	if v, ok := f.flagVariable(cur.Node().(ast.Expr)); ok {
		return v
	}
	leaves := f.origins(value{cur: cur}, func(*ast.CallExpr) bool { return false })
	if len(leaves) == 0 {
		return unknown("a variable that is never set")
	}
	first := f.leaf(leaves[0], depth)
	for _, leaf := range leaves[1:] {
		if f.leaf(leaf, depth) != first {
			return unknown("one of several values")
		}
	}
	return first
}

func (f *flow) literal(e ast.Expr) (Value, bool) {
	tv := f.info.Types[e]
	if tv.Value == nil || tv.Value.Kind() != constant.String {
		return Value{}, false
	}
	return Value{Known: true, Const: constant.StringVal(tv.Value)}, true
}

// leaf returns what is known of a string that could not be traced further.
func (f *flow) leaf(v value, depth int) Value {
	e := v.expr()
	if val, ok := f.literal(e); ok {
		return val
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			break
		}
		x := f.stringValue(v.cur.ChildAt(edge.BinaryExpr_X, -1), depth+1)
		y := f.stringValue(v.cur.ChildAt(edge.BinaryExpr_Y, -1), depth+1)
		if x.Known && y.Known {
			return Value{Known: true, Const: x.Const + y.Const}
		}
		if x.Known {
			return unknown(y.Source)
		}
		return unknown(x.Source)
	case *ast.StarExpr:
		// *p, where p is what flag.String returned.
		leaves := f.origins(value{cur: v.cur.ChildAt(edge.StarExpr_X, -1)}, func(*ast.CallExpr) bool { return true })
		if len(leaves) == 1 {
			if call, ok := leaves[0].expr().(*ast.CallExpr); ok {
				if val, ok := f.flagCall(call, "String", 0); ok {
					return val
				}
			}
		}
		return unknown("a pointer")
	case *ast.CallExpr:
		return f.callValue(v.cur, e, depth)
	case *ast.Ident, *ast.SelectorExpr:
		if val, ok := f.flagVariable(e); ok {
			return val
		}
		obj := f.variable(e)
		switch {
		case obj == nil:
		case obj.IsField():
			return unknown("field " + obj.Name())
		default:
			if p, ok := f.param[obj]; ok && p.fn != nil {
				return unknown("parameter " + obj.Name() + " of " + p.fn.Name())
			}
			return unknown("variable " + obj.Name())
		}
	}
	return unknown("a computed value")
}

// callValue returns what is known of the result of a call of another package.
func (f *flow) callValue(cur inspector.Cursor, call *ast.CallExpr, depth int) Value {
	fn := f.calledFunc(cur)
	switch {
	case fn == nil:
		return unknown("the result of a call")
	case isFunc(fn, "os", "Getenv") || isFunc(fn, "os", "LookupEnv"):
		if name := f.stringValue(cur.ChildAt(edge.CallExpr_Args, 0), depth+1); name.Known {
			return unknown("environment variable " + name.Const)
		}
		return unknown("an environment variable")
	case isFunc(fn, "cmp", "Or") && len(call.Args) > 1:
		// cmp.Or(os.Getenv("ADDR"), "localhost:50051")
		v := f.stringValue(cur.ChildAt(edge.CallExpr_Args, 0), depth+1)
		last := f.stringValue(cur.ChildAt(edge.CallExpr_Args, len(call.Args)-1), depth+1)
		if !v.Known && last.Known {
			v.Default = last.Const
		}
		return v
	}
	return unknown("the result of " + qualified(fn))
}

// flagVariable says whether e names a variable that is passed to flag.StringVar,
// and what is known of it then.
func (f *flow) flagVariable(e ast.Expr) (Value, bool) {
	obj := f.variable(e)
	if obj == nil {
		return Value{}, false
	}
	for _, use := range f.uses[obj] {
		if use.ParentEdgeKind() == edge.SelectorExpr_Sel {
			use = use.Parent()
		}
		if use.ParentEdgeKind() != edge.UnaryExpr_X || use.Parent().ParentEdgeKind() != edge.CallExpr_Args {
			continue
		}
		if v, ok := f.flagCall(use.Parent().Parent().Node().(*ast.CallExpr), "StringVar", 1); ok {
			return v, true
		}
	}
	return Value{}, false
}

// flagCall says what is known of a flag that call, of the function or method
// called name, defines. Its name is argument i, its default the next.
func (f *flow) flagCall(call *ast.CallExpr, name string, i int) (Value, bool) {
	fn := calleeFunc(f.info, call)
	if fn == nil || fn.Name() != name || len(call.Args) < i+2 || fn.Pkg() == nil {
		return Value{}, false
	}
	switch fn.Pkg().Path() {
	case "flag", "github.com/spf13/pflag":
	default:
		return Value{}, false
	}
	flag, ok := f.literal(call.Args[i])
	if !ok {
		return unknown("a flag"), true
	}
	def, _ := f.literal(call.Args[i+1])
	return Value{Source: "flag " + flag.Const, Default: def.Const}, true
}

func isFunc(fn *types.Func, path, name string) bool {
	return fn.Name() == name && fn.Pkg() != nil && fn.Pkg().Path() == path
}

// qualified returns fn as source would call it: pkg.Func or T.Method.
func qualified(fn *types.Func) string {
	if recv := fn.Signature().Recv(); recv != nil {
		t := recv.Type()
		if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
			t = ptr.Elem()
		}
		return types.TypeString(t, (*types.Package).Name) + "." + fn.Name()
	}
	if fn.Pkg() == nil {
		return fn.Name()
	}
	return fn.Pkg().Name() + "." + fn.Name()
}
