package protoload

import (
	"context"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// tooLong is more than any input of a fuzzer may take: most take milliseconds, on a machine that has little else to do.
const tooLong = 30 * time.Second

// FuzzLoad loads any text: it must come back in time, and what both it and the oracle accept must be the same. What was
// once wrong, or is likely to be, is in testdata/fuzz.
func FuzzLoad(f *testing.F) {
	base := testdataFS(f)
	for _, file := range base {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		fsys := maps.Clone(base)
		fsys["a.proto"] = &fstest.MapFile{Data: src}
		ctx, cancel := context.WithTimeout(t.Context(), 2*tooLong)
		defer cancel()
		start := time.Now()
		got, err := Load(ctx, Options{FS: fsys}, "a.proto")
		if d := time.Since(start); d > tooLong {
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

// FuzzLoad_descriptors loads any descriptor, as generated code may hold it: nothing that it says may crash.
func FuzzLoad_descriptors(f *testing.F) {
	for _, fd := range load(f, testdataNames(f)...).DescriptorSet().File {
		b, err := proto.Marshal(fd)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fd := &descriptorpb.FileDescriptorProto{}
		if proto.Unmarshal(b, fd) != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*tooLong)
		defer cancel()
		files, err := Load(ctx, Options{FS: fstest.MapFS{}, Descriptors: map[string]Descriptor{"a.proto": {Path: "a.pb.go", Proto: fd}}}, "a.proto")
		if err == nil && len(files.All()) == 0 {
			t.Error("neither files nor an error")
		}
	})
}
