package grpc_test

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/internal/grpcapi"
)

const (
	realPath = "google.golang.org/grpc"
	stubPath = "github.com/cofaas/cofaas/stubs/grpc"
)

// extra is what the stubs have beyond grpc-go.
var extra = map[string]bool{
	realPath + ".StaticOptions": true, // rewritten copies of generated clients call it
}

// TestAPI compares the exported API of the stubs with that of grpc-go. What grpc-go has and the stubs do not must be on the
// list of package grpcapi, by which users are told; a new release of grpc-go shows here what is new in it.
func TestAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles grpc-go")
	}
	stubs := make(map[string]*types.Package)
	var patterns []string
	for _, p := range load(t, packages.NeedName|packages.NeedTypes, stubPath+"/...") {
		if rel := strings.TrimPrefix(p.PkgPath, stubPath); !internal(rel) {
			stubs[rel] = p.Types
			patterns = append(patterns, realPath+rel)
		}
	}
	refused := newTally(grpcapi.Refused())

	// Of the packages that have no stub only the names are asked for: not all of them are in the module graph.
	for _, p := range load(t, packages.NeedName, realPath+"/...") {
		rel := strings.TrimPrefix(p.PkgPath, realPath)
		if stubs[rel] == nil && !internal(rel) && !refused.covers(p.PkgPath, "") {
			t.Errorf("%s: has no stub", p.PkgPath)
		}
	}
	for _, p := range load(t, packages.NeedName|packages.NeedTypes, patterns...) {
		stub := stubs[strings.TrimPrefix(p.PkgPath, realPath)]
		want, got := api(p.Types), api(stub)
		for _, symbol := range slices.Sorted(maps.Keys(want)) {
			switch sig, ok := got[symbol]; {
			case !ok && refused.covers(p.PkgPath, symbol):
			case !ok:
				t.Errorf("%s: %s is missing: %s", p.PkgPath, symbol, want[symbol])
			case sig != want[symbol]:
				t.Errorf("%s: %s differs\n grpc-go: %s\n    stub: %s", p.PkgPath, symbol, want[symbol], sig)
			}
		}
		for _, symbol := range slices.Sorted(maps.Keys(got)) {
			if _, ok := want[symbol]; !ok && !extra[p.PkgPath+"."+symbol] {
				t.Errorf("%s: %s is not in grpc-go", p.PkgPath, symbol)
			}
		}
	}
	for _, e := range refused.unused() {
		t.Errorf("%s: refused, but there is no such symbol, or the stub has it", e)
	}
}

func load(t *testing.T, mode packages.LoadMode, patterns ...string) []*packages.Package {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: mode}, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	if mode&packages.NeedTypes != 0 {
		for _, p := range pkgs {
			for _, err := range p.Errors {
				t.Errorf("%s: %v", p.PkgPath, err)
			}
		}
	}
	return pkgs
}

// internal reports whether a path below grpc is for grpc itself only.
func internal(rel string) bool {
	return slices.ContainsFunc(strings.Split(rel, "/"), func(s string) bool {
		return s == "internal" || s == "testdata"
	})
}

// tally counts which refusals were needed.
type tally struct {
	entries []grpcapi.Refusal
	used    []bool
}

func newTally(entries []grpcapi.Refusal) *tally {
	return &tally{entries, make([]bool, len(entries))}
}

func (l *tally) covers(path, symbol string) bool {
	for i, e := range l.entries {
		if e.Covers(path, symbol) {
			l.used[i] = true
			return true
		}
	}
	return false
}

func (l *tally) unused() (list []string) {
	for i, e := range l.entries {
		if !l.used[i] {
			list = append(list, e.String())
		}
	}
	return list
}

// api returns the exported API of a package: signatures by symbol, which is Name, Type.Method or Type.Field. The paths of
// stubs are written as those that they stand in for.
func api(pkg *types.Package) map[string]string {
	qualify := func(p *types.Package) string {
		if rel, ok := strings.CutPrefix(p.Path(), stubPath); ok {
			return realPath + rel
		}
		return p.Path()
	}
	list := make(map[string]string)
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			list[name] = fmt.Sprintf("const %s = %s", types.TypeString(obj.Type(), qualify), obj.Val())
		case *types.Var:
			list[name] = "var " + types.TypeString(obj.Type(), qualify)
		case *types.Func:
			list[name] = types.TypeString(unnamed(obj.Signature()), qualify)
		case *types.TypeName:
			typeAPI(list, obj, qualify)
		}
	}
	return list
}

func typeAPI(list map[string]string, obj *types.TypeName, qualify types.Qualifier) {
	name := obj.Name()
	if alias, ok := obj.Type().(*types.Alias); ok {
		list[name] = "= " + types.TypeString(alias.Rhs(), qualify)
		if named, ok := alias.Rhs().(*types.Named); !ok || named.Obj().Exported() && !internal(named.Obj().Pkg().Path()) {
			return
		}
	}
	t := types.Unalias(obj.Type())
	var params string
	if named, ok := t.(*types.Named); ok {
		for p := range named.TypeParams().TypeParams() {
			params += fmt.Sprintf("[%s %s]", p, types.TypeString(p.Constraint(), qualify))
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		list[name] += "struct" + params
		for f := range u.Fields() {
			if f.Exported() && !(f.Embedded() && isInternal(f.Type())) {
				list[name+"."+f.Name()] = fmt.Sprintf("field %s embedded=%t", types.TypeString(f.Type(), qualify), f.Embedded())
			}
		}
	case *types.Interface:
		list[name] += "interface" + params
	default:
		list[name] += types.TypeString(unnamed(u), qualify) + params
	}
	// Methods that are promoted count as well, since what promotes them may be internal.
	values := types.NewMethodSet(t)
	methods := values
	if !types.IsInterface(t) {
		methods = types.NewMethodSet(types.NewPointer(t))
	}
	for m := range methods.Methods() {
		if !m.Obj().Exported() {
			continue
		}
		fn := m.Obj().(*types.Func)
		recv := "*"
		if values.Lookup(fn.Pkg(), fn.Name()) != nil {
			recv = ""
		}
		list[name+"."+fn.Name()] = "method " + recv + types.TypeString(unnamed(fn.Signature()), qualify)
	}
}

func isInternal(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Pkg() != nil && internal(named.Obj().Pkg().Path())
}

// unnamed returns t without names of parameters if it is a signature.
func unnamed(t types.Type) types.Type {
	sig, ok := t.(*types.Signature)
	if !ok {
		return t
	}
	strip := func(tuple *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range tuple.Variables() {
			vars = append(vars, types.NewVar(0, nil, "", unnamed(v.Type())))
		}
		return types.NewTuple(vars...)
	}
	// Type parameters belong to one signature, so they are left out; parameters that use them show them.
	return types.NewSignatureType(nil, nil, nil, strip(sig.Params()), strip(sig.Results()), sig.Variadic())
}
