// Package cgotwo has a file for builds with cgo and one for builds without.
package cgotwo

// int four(void) { return 4; }
import "C"

// Four is 4.
func Four() int { return int(C.four()) }
