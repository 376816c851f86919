// Package app is a function's main in all but name.
package app

import (
	"google.golang.org/grpc"

	"pb/legacy"
)

func Run() { legacy.RegisterEchoServer(grpc.NewServer(), nil) }
