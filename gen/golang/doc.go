// Package golang generates the bindings of Go guests: how generated protobuf messages are lowered to and lifted from the
// canonical ABI, and the exports and imports of a function's methods.
//
// What it prints is thin: offsets and calls into package guest, where loops and memory are handled. It is the only generator
// that knows Go.
package golang
