package lib

import (
	"google.golang.org/grpc"

	"pb/greeter"
)

func Run(desc *grpc.ServiceDesc) {
	s := grpc.NewServer()
	s.RegisterService(desc, nil)
	greeter.RegisterGreeterServer(s, nil)
}
