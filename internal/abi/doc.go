// Package abi is the one truth about memory layout that the generator and the host share.
//
// It implements the part of the Component Model's canonical ABI that the interface mapping uses
// (https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md): sizes, alignments, field
// offsets, discriminants and flattening. It knows value types only: nothing of protobuf, Go, WIT text or any engine,
// and it imports the standard library only.
package abi
