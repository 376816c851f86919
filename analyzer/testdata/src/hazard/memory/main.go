// Command memory does with memory what a process may.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"net"
	"runtime"
	"unsafe"

	"google.golang.org/grpc"

	"hazard/pb"
)

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	s.Serve(lis)
}

type server struct{ pb.UnimplementedShopServer }

var buffer [8]byte

func (server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	runtime.SetFinalizer(in, func(*pb.Item) {}) // want `runtime.SetFinalizer on a request ends a guest, where requests share an allocation: use runtime.AddCleanup`
	out := &pb.Item{
		Name:    "x",
		Address: uint64(uintptr(unsafe.Pointer(&buffer))), // want `an address in a message means nothing to whoever gets it: each instance has a memory of its own`
	}
	out.Address = uint64(uintptr(unsafe.Pointer(&buffer[0])) + 4) // want `an address in a message`
	at := uintptr(unsafe.Pointer(&buffer))
	out.Address = uint64(at) // want `an address in a message`
	same := in
	runtime.SetFinalizer(same, nil) // want `runtime.SetFinalizer on a request`
	return out, nil
}

type local struct{ address uint64 }

func (server) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	runtime.AddCleanup(in, func(int) {}, 1) // ok
	out := new(pb.Item)
	runtime.SetFinalizer(out, func(*pb.Item) {})                      // ok: an allocation of its own
	mine := &local{address: uint64(uintptr(unsafe.Pointer(&buffer)))} // ok
	runtime.SetFinalizer(mine, nil)                                   // ok
	out.Address = mine.address >> 3                                   // ok
	out.Name = unsafe.String(&buffer[0], 8)                           // ok
	out.Address = uint64(unsafe.Sizeof(buffer))                       // ok
	p := (*[8]byte)(unsafe.Pointer(&buffer))
	p[0] = 1 // want `variable buffer is written`
	return out, nil
}
