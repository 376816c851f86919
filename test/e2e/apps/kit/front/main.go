// Command front serves kit.v1.Front with middleware, and calls kit.v1.Back with middleware.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"

	"github.com/cofaas/cofaas/test/e2e/apps/kit/observe"
	"github.com/cofaas/cofaas/test/e2e/apps/kit/pb"
)

func main() {
	o, err := observe.New()
	if err != nil {
		log.Fatal(err)
	}
	conn, err := o.Dial(cmp.Or(os.Getenv("BACK_ADDRESS"), "127.0.0.1:50352"))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50351"))
	if err != nil {
		log.Fatal(err)
	}
	server := o.NewServer()
	pb.RegisterFrontServer(server, &front{observer: o, back: pb.NewBackClient(conn)})
	log.Fatal(server.Serve(lis))
}

type front struct {
	pb.UnimplementedFrontServer
	observer *observe.Observer
	back     pb.BackClient
}

func (f *front) Do(ctx context.Context, t *pb.Task) (*pb.Result, error) {
	if t.Forward {
		return f.back.Do(ctx, t)
	}
	return f.observer.Do(ctx, t)
}
