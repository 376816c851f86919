package calibrate

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
)

// method takes bytes and returns their number.
const method = "/cofaas.calibrate.Peer/Take"

// serve is the other end: it prints its address, and serves until its input ends.
func serve() int {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "cofaas.calibrate.Peer",
		Methods:     []grpc.MethodDesc{{MethodName: "Take", Handler: take}},
	}, nil)
	if conn := serveChannel(); conn != nil {
		defer conn.Close()
	}
	fmt.Println(lis.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	if err := server.Serve(lis); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// serveChannel serves the channel that this process was given, with as many files as the variable says.
func serveChannel() *channel.Conn {
	n, err := strconv.Atoi(os.Getenv(variable))
	if err != nil || n == 0 {
		return nil
	}
	var files []*os.File
	for i := range n {
		files = append(files, os.NewFile(uintptr(3+i), "channel"))
	}
	link, err := channel.Open(files)
	if err != nil {
		return nil
	}
	return channel.New(link, channel.Config{Serve: func(c *channel.ServerCall) {
		_ = c.Reply(nil, nil, []byte{8, 1}) // or the other end is gone
	}})
}

func take(_ any, _ context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	in := new(wrapperspb.BytesValue)
	if err := dec(in); err != nil {
		return nil, err
	}
	return wrapperspb.Int64(int64(len(in.GetValue()))), nil
}
