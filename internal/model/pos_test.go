package model_test

import (
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
)

func TestPos_String(t *testing.T) {
	for want, pos := range map[string]model.Pos{
		"-":            {},
		"a.proto":      {File: "a.proto"},
		"a.proto:3:14": {File: "a.proto", Line: 3, Col: 14},
	} {
		if got := pos.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestError_Error(t *testing.T) {
	err := &model.Error{Pos: model.Pos{File: "a.proto", Line: 3, Col: 1}, Subject: "rpc p.S.Do", Problem: "is wrong; mend it"}
	if got, want := err.Error(), "a.proto:3:1: rpc p.S.Do: is wrong; mend it"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The place of a declaration is that in the file on disk, where it is known.
func TestBuild_locate(t *testing.T) {
	const src = `syntax = "proto3"; message M { M m = 1; } service S { rpc Do(M) returns (M); }`
	for _, tt := range []struct {
		path string
		want model.Pos
	}{
		{"/src/main.proto", model.Pos{File: "/src/main.proto", Line: 1, Col: 32}},
		{"", model.Pos{File: "main.proto", Line: 1, Col: 32}},
	} {
		m := build(t, map[string]string{"main.proto": src}, model.Options{
			Locate: func(protoreflect.FileDescriptor) string { return tt.path },
		})
		if got := m.Files[0].Messages[0].Fields[0].Pos; got != tt.want {
			t.Errorf("located at %q: got %s, want %s", tt.path, got, tt.want)
		}
	}
}
