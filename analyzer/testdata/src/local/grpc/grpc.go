// Package grpc is not google.golang.org/grpc.
package grpc

type Server struct{}

func (*Server) RegisterService(desc *ServiceDesc, impl any) {}

type ServiceDesc struct{ ServiceName string }

var Greeter_ServiceDesc = ServiceDesc{ServiceName: "x.Greeter"}

func RegisterGreeterServer(s *Server, srv any) { s.RegisterService(&Greeter_ServiceDesc, srv) }

func Dial(target string) any { return nil }
