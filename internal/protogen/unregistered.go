package main

import (
	"bytes"
	"errors"
	"go/format"
	"strings"
)

// unregister makes the types of a file of protoc-gen-go known to a registry of their own, instead of the one that all packages of a
// program share, in which each file and each type can be registered once. Files without types are left as they are.
func unregister(name string, src []byte) ([]byte, error) {
	if !strings.HasSuffix(name, ".pb.go") || !bytes.Contains(src, []byte("protoimpl.TypeBuilder{")) {
		return src, nil
	}
	for _, edit := range []struct{ after, insert string }{
		{"import (\n", "\tprotoregistry \"google.golang.org/protobuf/reflect/protoregistry\"\n"},
		{"protoimpl.TypeBuilder{\n", "TypeRegistry: new(protoregistry.Types),\n"},
		{"protoimpl.DescBuilder{\n", "FileRegistry: new(protoregistry.Files),\n"},
	} {
		if bytes.Count(src, []byte(edit.after)) != 1 {
			return nil, errors.New("-unregistered: the output of protoc-gen-go has changed: want one " + strings.TrimSpace(edit.after))
		}
		src = bytes.Replace(src, []byte(edit.after), []byte(edit.after+edit.insert), 1)
	}
	return format.Source(src)
}
