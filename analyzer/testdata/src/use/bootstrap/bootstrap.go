// Package bootstrap has the servers of others.
package bootstrap

import (
	"net"

	"google.golang.org/grpc"
	"pb/greeter"
)

type App struct {
	Server *grpc.Server // want Server:"makes a server"
	name   string
}

func New(name string) *App { // want New:"makes a server"
	a := &App{name: name}
	a.Server = grpc.NewServer()
	return a
}

func NewServer() *grpc.Server { return grpc.NewServer() } // want NewServer:"makes a server"

func (a *App) Run(address string) error { // want Run:"serves on parameter address of Run"
	lis, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return a.Serve(lis)
}

func (a *App) Serve(lis net.Listener) error { // want Serve:"listens for rpc on parameter 0"
	println(lis.Addr().String())
	return a.Server.Serve(lis)
}

func Mux(s *grpc.Server, lis net.Listener) { // want Mux:"listens for shared on parameter 1"
	go s.Serve(lis)
	lis.Accept()
}

// Register registers on the server of its caller.
func Register(s grpc.ServiceRegistrar) {
	greeter.RegisterGreeterServer(s, nil)
}
