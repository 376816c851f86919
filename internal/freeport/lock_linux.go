package freeport

import (
	"net"
	"testing"
)

// take has a port for the test alone, as far as others ask this package: tests of other packages run in other processes at the same time.
// An abstract socket of that name says that it is taken.
func take(t testing.TB, port string) bool {
	lock, err := net.Listen("unix", "@cofaas.freeport."+port)
	if err != nil {
		return false
	}
	t.Cleanup(func() { lock.Close() })
	return true
}
