package behaviours

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/cofaas/cofaas/test/contract/script"
)

func incoming() []*Behaviour {
	return slices.Concat(
		each("metadata/values arrive", everywhere, kinds, metadataValues),
		each("metadata/binary values", everywhere, kinds, metadataBinary),
		each("metadata/keys become lower case", everywhere, kinds, metadataCase),
		each("metadata/contexts", everywhere, kinds, metadataContexts),
		each("metadata/nothing leaks", everywhere, kinds, metadataLeaks),
		each("metadata/one context again and again", everywhere, kinds, metadataAgain),
		each("metadata/map that changes between calls", direct, kinds, metadataChanges),
		each("metadata/calls at the same time", everywhere, kinds, metadataConcurrent),
		each("metadata/functions of the handler", everywhere, kinds, metadataHandler),
		each("metadata/reserved keys", direct, kinds, metadataReserved),
		each("metadata/what is not allowed", direct, kinds, metadataInvalid),
		each("metadata/much", everywhere, kinds, metadataMuch),
		one("metadata/package metadata", direct, metadataPackage),
	)
}

func metadataValues(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-one", "1", "x-two", "a", "x-three", "", "x-two", "b", "x-two", "a",
		"x-text", `some "text", with = signs; and %41`, "x-a.b_c-1", "odd key")
	o := e.look(ctx, k, script.Metadata())
	t.Must("call", o.err)
	t.Equal("there is metadata", o.fact("metadata"), "true")
	t.Equal("one value", o.fact("metadata x-one"), `["1"]`)
	t.Equal("several, in order", o.fact("metadata x-two"), `["a" "b" "a"]`)
	t.Equal("empty value", o.fact("metadata x-three"), `[""]`)
	t.Equal("text", o.fact("metadata x-text"), fmt.Sprintf("%q", []string{`some "text", with = signs; and %41`}))
	t.Equal("key with all kinds of characters", o.fact("metadata x-a.b_c-1"), `["odd key"]`)
}

func metadataBinary(t *T, e *Env, k Kind) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-all-bin", string(all), "x-more-bin", "\x00", "x-more-bin", "", "x-more-bin", "a,b")
	o := e.look(ctx, k, script.Metadata())
	t.Must("call", o.err)
	t.Equal("all bytes", o.fact("metadata x-all-bin"), fmt.Sprintf("%q", []string{string(all)}))
	t.Equal("several", o.fact("metadata x-more-bin"), `["\x00" "" "a,b"]`)
}

func metadataCase(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "X-Mixed", "1", "x-mixed", "2", "X-MIXED", "3", "X-Data-Bin", "\xff")
	o := e.look(ctx, k, script.Metadata())
	t.Must("call", o.err)
	t.Equal("one key", o.fact("metadata x-mixed"), `["1" "2" "3"]`)
	t.Equal("binary key", o.fact("metadata x-data-bin"), `["\xff"]`)

	// Only the functions of the package change keys: a map made without them is refused.
	ctx = metadata.NewOutgoingContext(t.Context(), metadata.MD{"X-Direct": {"1"}})
	o = e.look(ctx, k, script.Metadata())
	t.Status("map that was not made by the package", o.err, codes.Internal, `header key "X-Direct" contains illegal characters not in [0-9a-z-_.]`)
}

func metadataContexts(t *T, e *Env, k Kind) {
	md := metadata.Pairs("x-new", "1")
	ctx := metadata.NewOutgoingContext(t.Context(), md)
	ctx = metadata.AppendToOutgoingContext(ctx, "x-new", "2")
	sibling := metadata.AppendToOutgoingContext(ctx, "x-new", "3")
	other := metadata.AppendToOutgoingContext(ctx, "x-new", "4", "x-other", "yes")

	o := e.look(sibling, k, script.Metadata())
	t.Equal("appended", o.fact("metadata x-new"), `["1" "2" "3"]`)
	t.Equal("nothing of a sibling", o.fact("metadata x-other"), "none of that name")
	o = e.look(other, k, script.Metadata())
	t.Equal("its sibling", o.fact("metadata x-new"), `["1" "2" "4"]`)
	o = e.look(metadata.NewOutgoingContext(other, metadata.Pairs("x-only", "this")), k, script.Metadata())
	t.Equal("replaced", o.fact("metadata x-only"), `["this"]`)
	t.Equal("and not added to", o.fact("metadata x-new"), "none of that name")
	o = e.look(metadata.NewIncomingContext(t.Context(), metadata.Pairs("x-in", "1")), k, script.Metadata())
	t.Equal("incoming metadata does not go out", o.fact("metadata x-in"), "none of that name")
}

func metadataLeaks(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-secret", "1")
	o := e.look(ctx, k, script.Metadata())
	t.Equal("a call with it", o.fact("metadata x-secret"), `["1"]`)
	o = e.look(t.Context(), k, script.Metadata())
	t.Must("call", o.err)
	t.Equal("the next has metadata", o.fact("metadata"), "true")
	t.Equal("but not this", o.fact("metadata x-secret"), "none of that name")
	t.Equal("handlers start without outgoing metadata", o.fact("outgoing"), "none of that name")
}

func metadataAgain(t *T, e *Env, k Kind) {
	left := metadata.AppendToOutgoingContext(t.Context(), "x-side", "left", "x-left", "1")
	right := metadata.AppendToOutgoingContext(t.Context(), "x-side", "right")
	farther := metadata.AppendToOutgoingContext(right, "x-side", "farther")
	for i := range 4 {
		for _, tt := range []struct {
			ctx        context.Context
			side, left string
		}{
			{left, `["left"]`, `["1"]`},
			{right, `["right"]`, "none of that name"},
			{farther, `["right" "farther"]`, "none of that name"},
			{t.Context(), "none of that name", "none of that name"},
		} {
			o := e.look(tt.ctx, k, script.Metadata())
			t.OK(fmt.Sprint("call ", i), o.err)
			t.Equal(fmt.Sprint("side, time ", i), o.fact("metadata x-side"), tt.side)
			t.Equal(fmt.Sprint("left, time ", i), o.fact("metadata x-left"), tt.left)
		}
	}
}

// metadataChanges is about a map that is changed where package metadata says that it must not be: calls read it as it is then.
func metadataChanges(t *T, e *Env, k Kind) {
	md := metadata.Pairs("x-map", "1")
	set := metadata.NewOutgoingContext(t.Context(), md)
	added := metadata.AppendToOutgoingContext(set, "x-added", "1")
	for i, change := range []func(){
		func() {},
		func() {},
		func() { md.Set("x-map", "2") },
		func() { md["x-map"][0] = "3" },
		func() { md.Set("x-late", "4") },
		func() { md.Delete("x-map") },
		func() { clear(md) },
		func() { md.Set("x-map", "5") },
	} {
		change()
		for name, ctx := range map[string]context.Context{"set": set, "added": added} {
			what := fmt.Sprintf("%s, after change %d", name, i)
			o := e.look(ctx, k, script.Metadata())
			t.OK(what, o.err)
			for _, key := range []string{"x-map", "x-late"} {
				want := "none of that name"
				if values := md.Get(key); values != nil {
					want = fmt.Sprintf("%q", values)
				}
				t.Equal(what+": "+key, o.fact("metadata "+key), want)
			}
		}
		o := e.look(added, k, script.Metadata())
		t.Equal("what was added stays", o.fact("metadata x-added"), `["1"]`)
	}
	md["X-Bad"] = []string{"1"}
	o := e.look(added, k, script.Metadata())
	t.Status("a map that has become invalid", o.err, codes.Internal, `header key "X-Bad" contains illegal characters not in [0-9a-z-_.]`)
}

func metadataConcurrent(t *T, e *Env, k Kind) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 3 {
				want := fmt.Sprintf("%d %d", i, j)
				ctx := metadata.AppendToOutgoingContext(t.Context(), "x-who", want)
				o := e.look(ctx, k, script.Sleep(time.Duration(i%3)*5*time.Millisecond), script.Metadata())
				t.OK(want, o.err)
				t.Equal("of call "+want, o.fact("metadata x-who"), fmt.Sprintf("%q", []string{want}))
			}
		})
	}
	group.Wait()
}

func metadataHandler(t *T, e *Env, k Kind) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-key", "1", "x-key", "2")
	o := e.look(ctx, k, script.Incoming("x-key"))
	t.Must("call", o.err)
	t.Equal("ValueFromIncomingContext", o.fact("value"), `["1" "2"]`)
	t.Equal("ValueFromIncomingContext of upper case", o.fact("value of upper case"), `["1" "2"]`)
	t.Equal("ValueFromIncomingContext of none", o.fact("value of none"), `[]`)
	t.Equal("Get of upper case", o.fact("get of upper case"), `["1" "2"]`)
	t.Equal("FromIncomingContext is a copy", o.fact("after delete in a copy"), `["1" "2"] []`)
}

// metadataReserved sends keys that belong to the protocol: they do not arrive as they were sent.
func metadataReserved(t *T, e *Env, k Kind) {
	reserved := []string{"grpc-timeout", "grpc-status", "grpc-message", "grpc-encoding", "grpc-message-type", "te", "content-type", "user-agent"}
	var kv []string
	for _, key := range reserved {
		kv = append(kv, key, "sent-by-us")
	}
	o := e.look(metadata.AppendToOutgoingContext(t.Context(), append(kv, "x-kept", "1")...), k, script.Metadata(reserved...), script.Deadline())
	t.Must("call", o.err)
	for _, key := range reserved {
		got := o.fact("metadata " + key)
		t.True(key, !strings.Contains(got, "sent-by-us"), "got %s", got)
	}
	t.Equal("no deadline from it", o.fact("deadline"), "none")
	t.Equal("the rest", o.fact("metadata x-kept"), `["1"]`)
}

func metadataInvalid(t *T, e *Env, k Kind) {
	for _, tt := range []struct{ name, key, value, message string }{
		{"key", "x bad", "1", `header key "x bad" contains illegal characters not in [0-9a-z-_.]`},
		{"unicode key", "x-ü", "1", `header key "x-ü" contains illegal characters not in [0-9a-z-_.]`},
		{"value", "x-bad", "a\nb", `header key "x-bad" contains value with non-printable ASCII characters`},
		{"unicode value", "x-bad", "ü", `header key "x-bad" contains value with non-printable ASCII characters`},
	} {
		o := e.look(metadata.AppendToOutgoingContext(t.Context(), tt.key, tt.value), k, script.Deadline())
		t.Status(tt.name, o.err, codes.Internal, tt.message)
	}
}

func metadataMuch(t *T, e *Env, k Kind) {
	var kv []string
	for i := range 100 {
		kv = append(kv, fmt.Sprintf("x-key-%d", i), strings.Repeat(fmt.Sprint(i%10), 100))
	}
	o := e.look(metadata.AppendToOutgoingContext(t.Context(), kv...), k, script.Metadata())
	t.Must("call", o.err)
	for _, i := range []int{0, 57, 99} {
		t.Equal(kv[2*i], o.fact("metadata "+kv[2*i]), fmt.Sprintf("%q", []string{kv[2*i+1]}))
	}
}

// metadataPackage is what package metadata does without a call.
func metadataPackage(t *T, _ *Env) {
	md := metadata.New(map[string]string{"Key": "1"})
	t.Equal("New makes keys lower case", md, metadata.MD{"key": {"1"}})
	md.Append("KEY", "2", "3")
	t.Equal("Append", md.Get("kEy"), []string{"1", "2", "3"})
	md.Set("other", "x")
	t.Equal("Len", md.Len(), 2)
	joined := metadata.Join(md, metadata.Pairs("key", "4", "third", "t"))
	t.Equal("Join", joined, metadata.MD{"key": {"1", "2", "3", "4"}, "other": {"x"}, "third": {"t"}})
	clone := md.Copy()
	clone.Delete("KEY")
	t.Equal("Delete", clone, metadata.MD{"other": {"x"}})
	t.Equal("Copy is one", md.Get("key"), []string{"1", "2", "3"})
	md.Set("other")
	t.Equal("Set without values", md.Get("other"), []string{"x"})
	func() {
		defer func() { t.True("Pairs panics for an odd number", recover() != nil, "it does not") }()
		//lint:ignore SA5012 this is what panics
		metadata.Pairs("alone")
	}()
	_, ok := metadata.FromIncomingContext(context.Background())
	t.True("no incoming metadata", !ok, "there is")
	_, ok = metadata.FromOutgoingContext(context.Background())
	t.True("no outgoing metadata", !ok, "there is")
	ctx := metadata.AppendToOutgoingContext(metadata.NewOutgoingContext(context.Background(), metadata.Pairs("a", "1")), "A", "2", "b", "3")
	out, ok := metadata.FromOutgoingContext(ctx)
	t.Equal("FromOutgoingContext", out, metadata.MD{"a": {"1", "2"}, "b": {"3"}})
	t.True("there is outgoing metadata", ok, "there is none")
	out.Set("a", "changed")
	again, _ := metadata.FromOutgoingContext(ctx)
	t.Equal("it is a copy", again.Get("a"), []string{"1", "2"})
}
