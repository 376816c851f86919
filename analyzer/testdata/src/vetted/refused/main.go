package main // want `package vetted/refusedlib: lib.go:6: grpc.InTapHandle: guests do not have it: taps run in the host's transport; use an interceptor`

import (
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/tap" // want `package google.golang.org/grpc/tap: guests do not have it: taps run in the host's transport; use an interceptor`

	"pb/plain"
	"vetted/refusedlib"
)

//go:generate go tool cofaas-gen

func main() {
	s := grpc.NewServer(refusedlib.Option())
	plain.RegisterPlainServer(s, nil)
	http.Handle("/", http.HandlerFunc(s.ServeHTTP)) // want `grpc.Server.ServeHTTP: guests do not have it: HTTP requests do not reach a guest's server; call Serve, and the host serves HTTP/2`
	_ = tap.Info{}
}
