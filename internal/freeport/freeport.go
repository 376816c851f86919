// Package freeport finds addresses for tests that must know one before anybody listens there, or that nobody does.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The system takes ports for connections, and for listeners that name none, from 32768 on (Linux; others from 49152), and other tests run at
// the same time: a port of its range that is free now may be somebody's connection a moment later. Nobody is given one of these.
const (
	first = 15000
	count = 15000
)

// Address is where nobody listens, nor connects from by chance: 127.0.0.1 with a port.
func Address(t testing.TB) string {
	t.Helper()
	var last error
	for range 100 {
		port := strconv.Itoa(first + rand.IntN(count))
		// With all addresses of this machine, of which tests may take any.
		lis, err := net.Listen("tcp", ":"+port)
		if err != nil {
			last = err
			continue
		}
		lis.Close()
		if take(t, port) {
			return "127.0.0.1:" + port
		}
		last = fmt.Errorf("port %s is another test's", port)
	}
	t.Fatal(last)
	return ""
}

// Port is the port of such an address.
func Port(t testing.TB) string {
	t.Helper()
	_, port, err := net.SplitHostPort(Address(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}
