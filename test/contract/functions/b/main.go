// Command b is the middle function of the contract suite: it calls c, and a, which calls it. It has a second server, the annex.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/legacy"
	"github.com/cofaas/cofaas/test/contract/pb"
)

type (
	service struct {
		pb.UnsafeBackendBServer
		*backend.Service
	}
	relay struct {
		pb.UnsafeRelayBServer
		*backend.Relay
	}
	cycle struct {
		pb.UnsafeCycleBServer
		*backend.Relay
	}
)

func main() {
	connA, err := grpc.NewClient(cmp.Or(os.Getenv("A_ADDRESS"), "127.0.0.1:50161"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	connC, err := grpc.NewClient(cmp.Or(os.Getenv("C_ADDRESS"), "127.0.0.1:50163"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	server, does := backend.NewServer()
	annex := &annex{service: does}
	does.Annex = annex.do
	pb.RegisterBackendBServer(server, service{Service: does})
	pb.RegisterRelayBServer(server, relay{Relay: &backend.Relay{Next: pb.NewBackendCClient(connC)}})
	pb.RegisterCycleBServer(server, cycle{Relay: &backend.Relay{Next: pb.NewBackendAClient(connA)}})
	legacy.RegisterLegacyServer(server, &old{service: does})
	healthServer := health.NewServer()
	healthServer.SetServingStatus("contract.v1.BackendB", healthpb.HealthCheckResponse_SERVING)
	healthServer.SetServingStatus("not-serving", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(server, healthServer)

	if _, err := annex.do("start"); err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50162"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(lis))
}
