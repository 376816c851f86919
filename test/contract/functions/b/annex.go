package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/pb"
)

// The annex takes and sends small messages only.
const annexLimit = 64 << 10

// annex is the second server. It is stopped and started again while the function runs.
type annex struct {
	pb.UnimplementedAnnexServer
	service *backend.Service

	mu     sync.Mutex // guards what follows
	server *grpc.Server
	served chan error // what Serve has returned
}

func (a *annex) Unary(ctx context.Context, in *pb.Order) (*pb.Report, error) {
	return a.service.Unary(ctx, in)
}

// do is what the service does with the annex.
func (a *annex) do(what string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch what {
	case "start":
		return a.start()
	case "stop":
		a.server.Stop()
		return fmt.Sprint(<-a.served), nil
	case "graceful":
		a.server.GracefulStop()
		return fmt.Sprint(<-a.served), nil
	case "again":
		// A server that was stopped serves no more.
		lis, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		return fmt.Sprint(a.server.Serve(lis)), nil
	case "services":
		return strings.Join(slices.Sorted(maps.Keys(a.server.GetServiceInfo())), " "), nil
	}
	return "", status.Errorf(codes.InvalidArgument, "an annex cannot %s", what)
}

func (a *annex) start() (string, error) {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ANNEX_ADDRESS"), "127.0.0.1:50164"))
	if err != nil {
		return "", err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(annexLimit), grpc.MaxSendMsgSize(annexLimit))
	pb.RegisterAnnexServer(server, a)
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()
	a.server, a.served = server, served
	return "started", nil
}
