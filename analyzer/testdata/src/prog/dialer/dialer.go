// Package dialer is reached through conduit only.
package dialer

import "google.golang.org/grpc"

func Dial(target string) *grpc.ClientConn {
	conn, _ := grpc.NewClient(target)
	return conn
}
