package protoload

import (
	"context"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bufbuild/protocompile/protoutil"
)

// FuzzLoad loads any text: it must come back in time, and what both it and the oracle accept must be the same.
func FuzzLoad(f *testing.F) {
	base := testdataFS(f)
	for _, file := range base {
		f.Add(file.Data)
	}
	for _, src := range []string{
		"message M { extensions to 5; }", "service S { rpc A(B) returns (C) {", "message M { reserved - to 5; }",
		"option a = {", "message M { optional group G = 1 [a = {}] {} }", "syntax = 'proto3'; message M { int32 x = 010; }",
		"import public 'b.proto'; package a.b; message M { extend M { } }",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		fsys := maps.Clone(base)
		fsys["a.proto"] = &fstest.MapFile{Data: src}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		got, err := Load(ctx, Options{FS: fsys}, "a.proto")
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("took %v", d)
		}
		if err != nil {
			return
		}
		want, err := oracle(ctx, fsys, "a.proto")
		if err != nil {
			return // it checks custom options, which Load leaves out
		}
		set := got.DescriptorSet()
		if d := difference(protoutil.ProtoFromFileDescriptor(want[0]), set.File[len(set.File)-1]); d != "" {
			t.Errorf("descriptors differ (-oracle +load): %s", d)
		}
	})
}
