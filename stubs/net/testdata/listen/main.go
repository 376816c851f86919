// Command listen does what functions want of the package, and no more.
package main

import "github.com/cofaas/cofaas/stubs/net"

func main() {
	lis, err := net.Listen("tcp", ":50051")
	if err != nil {
		panic(err)
	}
	println(lis.Addr().String())
}
