// Command back serves kit.v1.Back with middleware.
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
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50352"))
	if err != nil {
		log.Fatal(err)
	}
	server := o.NewServer()
	pb.RegisterBackServer(server, &back{observer: o})
	log.Fatal(server.Serve(lis))
}

type back struct {
	pb.UnimplementedBackServer
	observer *observe.Observer
}

func (b *back) Do(ctx context.Context, t *pb.Task) (*pb.Result, error) { return b.observer.Do(ctx, t) }
