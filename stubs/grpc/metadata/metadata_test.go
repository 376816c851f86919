package metadata_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	real "google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// md is what both implementations of MD are.
type md = map[string][]string

// api is the package under test, and grpc-go's, over maps.
type api struct {
	newMD     func(map[string]string) md
	pairs     func(...string) md
	join      func(...md) md
	str       func(md) string
	cp        func(md) md
	get       func(md, string) []string
	set       func(md, string, ...string)
	add       func(md, string, ...string)
	del       func(md, string)
	newIn     func(context.Context, md) context.Context
	newOut    func(context.Context, md) context.Context
	appendOut func(context.Context, ...string) context.Context
	in        func(context.Context) (md, bool)
	out       func(context.Context) (md, bool)
	inValue   func(context.Context, string) []string
	outValue  func(context.Context, string) []string
}

var realAPI = api{
	newMD:     func(m map[string]string) md { return real.New(m) },
	pairs:     func(kv ...string) md { return real.Pairs(kv...) },
	join:      func(m ...md) md { return real.Join(m[0], m[1]) },
	str:       func(m md) string { return real.MD(m).String() },
	cp:        func(m md) md { return real.MD(m).Copy() },
	get:       func(m md, k string) []string { return real.MD(m).Get(k) },
	set:       func(m md, k string, v ...string) { real.MD(m).Set(k, v...) },
	add:       func(m md, k string, v ...string) { real.MD(m).Append(k, v...) },
	del:       func(m md, k string) { real.MD(m).Delete(k) },
	newIn:     func(c context.Context, m md) context.Context { return real.NewIncomingContext(c, m) },
	newOut:    func(c context.Context, m md) context.Context { return real.NewOutgoingContext(c, m) },
	appendOut: real.AppendToOutgoingContext,
	in:        func(c context.Context) (md, bool) { m, ok := real.FromIncomingContext(c); return m, ok },
	out:       func(c context.Context) (md, bool) { m, ok := real.FromOutgoingContext(c); return m, ok },
	inValue:   real.ValueFromIncomingContext,
	outValue:  real.ValueFromOutgoingContext,
}

var stubAPI = api{
	newMD:     func(m map[string]string) md { return metadata.New(m) },
	pairs:     func(kv ...string) md { return metadata.Pairs(kv...) },
	join:      func(m ...md) md { return metadata.Join(m[0], m[1]) },
	str:       func(m md) string { return metadata.MD(m).String() },
	cp:        func(m md) md { return metadata.MD(m).Copy() },
	get:       func(m md, k string) []string { return metadata.MD(m).Get(k) },
	set:       func(m md, k string, v ...string) { metadata.MD(m).Set(k, v...) },
	add:       func(m md, k string, v ...string) { metadata.MD(m).Append(k, v...) },
	del:       func(m md, k string) { metadata.MD(m).Delete(k) },
	newIn:     func(c context.Context, m md) context.Context { return metadata.NewIncomingContext(c, m) },
	newOut:    func(c context.Context, m md) context.Context { return metadata.NewOutgoingContext(c, m) },
	appendOut: metadata.AppendToOutgoingContext,
	in:        func(c context.Context) (md, bool) { m, ok := metadata.FromIncomingContext(c); return m, ok },
	out:       func(c context.Context) (md, bool) { m, ok := metadata.FromOutgoingContext(c); return m, ok },
	inValue:   metadata.ValueFromIncomingContext,
	outValue:  metadata.ValueFromOutgoingContext,
}

func panics(f func()) (msg any) {
	defer func() { msg = recover() }()
	f()
	return nil
}

func TestMetadata(t *testing.T) {
	bg := context.Background()
	for name, run := range map[string]func(a api) []any{
		"make": func(a api) []any {
			return []any{a.newMD(nil), a.newMD(map[string]string{"A": "1", "b-bin": "\x00"}), a.pairs(),
				a.pairs("A", "1", "a", "2", "B", "3"), panics(func() { a.pairs("x") }),
				a.join(md{"a": {"1"}, "B": {"2"}}, md{"a": {"3"}, "b": {"4"}}), a.join(nil, nil) == nil}
		},
		"string": func(a api) []any {
			return []any{a.str(nil), a.str(md{"te": {"x", "y"}, "secret": {"1"}, "Content-Type": {"c"}}), a.str(md{"a": nil})}
		},
		"methods": func(a api) []any {
			m := md{"a": {"1"}, "B": {"2"}}
			a.set(m, "A", "x", "y")
			a.set(m, "a")
			a.add(m, "C", "z")
			a.add(m, "c", "w")
			a.add(m, "d")
			before := a.cp(m)
			a.del(m, "C")
			a.del(m, "B")
			return []any{m, before, a.get(m, "A"), a.get(m, "B"), a.get(m, "none") == nil, a.cp(nil) == nil}
		},
		"aliasing": func(a api) []any {
			vals := []string{"1", "2"}
			m := md{}
			a.set(m, "k", vals...)
			vals[0] = "changed"
			c := a.cp(m)
			c["k"][1] = "copy"
			got := a.get(m, "k")
			got[1] = "got"
			ctx := a.newIn(bg, m)
			in, _ := a.in(ctx)
			in["k"][0] = "in"
			m["late"] = []string{"1"}
			again, _ := a.in(ctx)
			v := a.inValue(ctx, "k")
			v[0] = "v"
			return []any{m, c, in, again, a.inValue(ctx, "k")}
		},
		"incoming": func(a api) []any {
			none, ok := a.in(bg)
			upper := a.newIn(bg, md{"Key": {"1"}, "e": {}})
			m, ok2 := a.in(upper)
			nilMD, ok3 := a.in(a.newIn(bg, nil))
			return []any{none == nil, ok, m, ok2, nilMD, ok3, a.inValue(bg, "x") == nil, a.inValue(upper, "KEY"),
				a.inValue(upper, "e") == nil, a.inValue(upper, "x") == nil}
		},
		"outgoing": func(a api) []any {
			none, ok := a.out(bg)
			base := a.newOut(bg, md{"K": {"1"}, "s": {"x"}})
			left := a.appendOut(base, "k", "2", "L", "3")
			right := a.appendOut(base, "R", "4", "s", "y")
			deep := a.appendOut(left, "L", "5")
			reset := a.newOut(deep, md{"n": {"1"}})
			var all []any
			for _, c := range []context.Context{base, left, right, deep, reset, a.appendOut(bg, "a", "1"), a.appendOut(bg)} {
				m, ok := a.out(c)
				all = append(all, m, ok, a.outValue(c, "K"), a.outValue(c, "l"), a.outValue(c, "S"))
			}
			kv := []string{"a", "1"}
			ctx := a.appendOut(bg, kv...)
			kv[1] = "changed"
			m, _ := a.out(ctx)
			m["a"][0] = "changed"
			m, _ = a.out(ctx)
			return append(all, none == nil, ok, m, panics(func() { a.appendOut(bg, "x") }), a.outValue(bg, "x") == nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, want := run(stubAPI), run(realAPI)
			for i := range want {
				if fmt.Sprint(got[i]) != fmt.Sprint(want[i]) || !reflect.DeepEqual(got[i], want[i]) {
					t.Errorf("%d: got %#v, grpc-go %#v", i, got[i], want[i])
				}
			}
		})
	}
}
