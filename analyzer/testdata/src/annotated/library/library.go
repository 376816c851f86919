// Package library is no function.
package library

//go:generate go tool cofaas-gen // want `package annotated/library: only a main package can be a function: move this line to the main that serves`

import (
	"google.golang.org/grpc"

	"pb/plain"
)

// Run registers.
func Run() { plain.RegisterPlainServer(grpc.NewServer(), nil) }
