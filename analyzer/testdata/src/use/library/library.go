// Package library has what functions share. // want package:"configures"
package library

import (
	"context"
	"net"

	"google.golang.org/grpc"
)

func Dial(ctx context.Context, target string) (*grpc.ClientConn, error) { // want Dial:"dials parameter target of Dial, dials parameter target of Dial" Dial:"returns 0: parameter target of Dial"
	return dial(target)
}

func dial(addr string) (*grpc.ClientConn, error) { // want dial:"dials parameter addr of dial, dials parameter addr of dial" dial:"returns 0: parameter addr of dial"
	conn, err := grpc.NewClient("dns:///" + addr)
	if err != nil {
		return nil, err
	}
	_ = conn
	return grpc.NewClient(addr)
}

// Fixed always dials the same target.
func Fixed(name string) (*grpc.ClientConn, error) { // want Fixed:"returns 0: fixed:1"
	return grpc.NewClient("fixed:1")
}

func Run(s *grpc.Server, lis net.Listener) error { // want Run:"listens for rpc on parameter 1"
	return s.Serve(lis)
}

func Log(lis net.Listener) string { // want Log:"listens for kept on parameter 0"
	return lis.Addr().String()
}

func Accept(lis net.Listener) { // want Accept:"listens for kept on parameter 0"
	lis.Accept()
}
