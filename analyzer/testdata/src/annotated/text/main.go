// Command text explains how to write the line:
//
//	//go:generate go tool cofaas-gen
//
// and runs other tools, such as go tool cofaas-gen-other.
package main

//go:generate go tool stringer
// go:generate go tool stringer
// go tool cofaas-gen

import "google.golang.org/grpc"

/* go:generate go tool cofaas-gen */

func main() { grpc.NewServer() }
