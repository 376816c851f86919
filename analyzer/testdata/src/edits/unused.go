package main

import (
	"fmt"
	n "net" // to listen

	g "google.golang.org/grpc"
)

func unused() {
	lis, _ := n.Listen("tcp", ":1"); fmt.Println()
	g.NewServer().Serve(lis)
}
