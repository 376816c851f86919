// Package golang generates the bindings of Go guests: how generated protobuf messages are lowered to and lifted from the
// canonical ABI, and the exports and imports of a function's methods.
//
// What it prints is thin: offsets and calls into package guest, where loops and memory are handled, and into package guestproto
// for what travels as protobuf bytes. It is the only generator that knows Go.
//
// Messages may be of protoc-gen-go with any of its APIs, or of APIv1. Fields of structs are found by their tags, those that the
// opaque API hides by the names of their methods. Whatever does not fit the .proto is refused: it was generated from another one,
// or by gogo/protobuf with options that change Go types.
package golang
