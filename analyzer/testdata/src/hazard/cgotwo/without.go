//go:build !cgo

package cgotwo

// Four is 4.
func Four() int { return 4 }
