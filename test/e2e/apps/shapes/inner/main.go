// Command inner serves shapes.v1.Inner.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/e2e/apps/shapes/pb"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50162"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterInnerServer(server, inner{})
	log.Fatal(server.Serve(lis))
}

type inner struct{ pb.UnimplementedInnerServer }

func (inner) Echo(_ context.Context, in *pb.Modern) (*pb.Modern, error) {
	if in.Fault == pb.Fault_FAULT_REPLY {
		in.Next = &pb.Modern{Choice: &pb.Modern_Text{Text: "not UTF-8: \xff"}}
	}
	return in, nil
}

func (inner) EchoLegacy(_ context.Context, in *pb.Legacy) (*pb.Legacy, error) {
	if in.GetFault() == pb.Fault_FAULT_REPLY {
		in.Id = nil
	}
	return in, nil
}

func (inner) Describe(_ context.Context, in *pb.Legacy) (*pb.Description, error) {
	lines := []string{
		fmt.Sprintf("id %q", in.GetId()),
		fmt.Sprintf("answer %d, set: %t", in.GetAnswer(), in.Answer != nil),
		fmt.Sprintf("greeting %q, set: %t", in.GetGreeting(), in.Greeting != nil),
		fmt.Sprintf("metal %v, set: %t", in.GetMetal(), in.Metal != nil),
		fmt.Sprintf("label %q, set: %t", in.GetBox().GetLabel(), in.GetBox().GetLabel() != nil),
		fmt.Sprintf("nickname %q, set: %t", proto.GetExtension(in, pb.E_Nickname), proto.HasExtension(in, pb.E_Nickname)),
		fmt.Sprintf("unknown %x", in.ProtoReflect().GetUnknown()),
	}
	for _, cousin := range proto.GetExtension(in, pb.E_Cousins).([]*pb.Legacy) {
		lines = append(lines, fmt.Sprintf("cousin %q", cousin.GetId()))
	}
	return &pb.Description{Lines: lines}, nil
}

func (inner) Count(_ context.Context, in *pb.Modern) (*pb.Description, error) {
	sum := int64(0)
	for _, p := range in.Line {
		sum += int64(p.X)
	}
	return &pb.Description{Lines: []string{
		fmt.Sprintf("%d points, sum of x %d", len(in.Line), sum),
		fmt.Sprintf("choice %T", in.Choice),
		fmt.Sprintf("maybe_text %q, set: %t", in.GetMaybeText(), in.MaybeText != nil),
		fmt.Sprintf("maybe_raw %q, set: %t", in.GetMaybeRaw(), in.MaybeRaw != nil),
	}}, nil
}
