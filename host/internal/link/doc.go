// Package link copies values of the canonical ABI from one linear memory into another: the relocating deep copy that takes
// the place of serialization on a local edge.
//
// A copy runs in two passes over the plan of the type (abi.Plan). The first checks every address, count, discriminant and
// string of the source and adds up what the copy needs; the second copies and patches addresses. Between them the target
// is asked for one block of memory. The source is trusted in nothing: whatever it holds, a copy ends, stays in bounds and
// takes no more than the limit.
//
// The package knows bytes only: no engine, no protobuf.
package link
