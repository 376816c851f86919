// Package cgoonly is nothing without cgo.
package cgoonly

// int three(void) { return 3; }
import "C"

// Three is 3.
func Three() int { return int(C.three()) }
