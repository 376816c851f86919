// Package openers makes listeners, and knows nothing of gRPC.
package openers

import (
	"net"
	"net/http"
)

func Open(address string) (net.Listener, error) { // want Open:"listens on parameter address of Open"
	return net.Listen("tcp", address)
}

func Must(port string) net.Listener { // want Must:"listens on parameter port of Must"
	lis, err := Open("localhost:" + port)
	if err != nil {
		panic(err)
	}
	return lis
}

func Fixed() (func(), net.Listener) { // want Fixed:"listens on :1"
	lis, _ := net.Listen("tcp", ":1")
	return func() { lis.Close() }, lis
}

func Wrap(lis net.Listener) net.Listener { return wrapped{lis} } // want Wrap:"listens for unknown on parameter 0"

type wrapped struct{ net.Listener }

func Serve(lis net.Listener) error { return http.Serve(lis, nil) } // want Serve:"listens for kept on parameter 0"

func Close(lis net.Listener) { lis.Close() } // want Close:"listens for kept on parameter 0"

func Connect(address string) (net.Conn, error) { return net.Dial("tcp", address) } // want Connect:`needs net.Dial of parameter address of Connect`
