//go:build race

package sandbox

// The race detector has memory of its own, and another code for having none.
func init() { codeNoMemory = 66 }
