package main // want `package vetted/empty: registers no gRPC service`

//go:generate go tool cofaas-gen

import "local/grpc"

func main() { grpc.RegisterGreeterServer(nil, nil) }
