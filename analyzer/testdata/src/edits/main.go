package main

import (
	"net"
	"net/http"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/codes" // blank
	. "google.golang.org/grpc/metadata"
	st "google.golang.org/grpc/status"
)

// Line numbers stay, and so does "google.golang.org/grpc" in comments.
func main() {
	lis, err := net.Listen("tcp", ":1")
	if err != nil {
		panic(err)
	}
	grpc.NewServer().Serve(lis)

	web, _ := net.Listen("tcp", ":2")
	http.Serve(web, nil)

	_ = MD{"google.golang.org/grpc": nil}
	_ = st.Code(nil)
}
