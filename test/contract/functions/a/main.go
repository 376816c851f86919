// Command a is the first function of the contract suite: the one that is called from outside. It calls b and c, and runs
// behaviours as a client of both.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	channelz "google.golang.org/grpc/channelz/service"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/behaviours"
	"github.com/cofaas/cofaas/test/contract/pb"
)

type (
	service struct {
		pb.UnsafeBackendAServer
		*backend.Service
	}
	relay struct {
		pb.UnsafeRelayAServer
		*backend.Relay
	}
)

func main() {
	addressB := cmp.Or(os.Getenv("B_ADDRESS"), "127.0.0.1:50162")
	connB, err := grpc.NewClient(addressB, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	connC, err := grpc.NewClient(cmp.Or(os.Getenv("C_ADDRESS"), "127.0.0.1:50163"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}

	server, does := backend.NewServer()
	pb.RegisterBackendAServer(server, service{Service: does})
	pb.RegisterRelayAServer(server, relay{Relay: &backend.Relay{Next: pb.NewBackendBClient(connB)}})
	pb.RegisterRunnerServer(server, &behaviours.Runner{Envs: environments(addressB, connB, connC)})
	healthServer := health.NewServer()
	healthServer.SetServingStatus("contract.v1.BackendA", healthpb.HealthCheckResponse_SERVING)
	healthServer.SetServingStatus("not-serving", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(server, healthServer)
	channelz.RegisterChannelzServiceToServer(server)
	reflection.Register(server)

	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50161"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(lis))
}

// environments are the positions that a function can run behaviours in.
func environments(addressB string, connB, connC *grpc.ClientConn) []*behaviours.Env {
	in := &behaviours.Inside{
		C:     pb.NewBackendCClient(connC),
		Cycle: pb.NewCycleBClient(connB),
		Annex: cmp.Or(os.Getenv("ANNEX_ADDRESS"), "127.0.0.1:50164"),
	}
	return []*behaviours.Env{{
		Position: behaviours.Edge, Service: "contract.v1.BackendB", Backend: "contract.v1.BackendB", Target: addressB, Conn: connB, Inside: in,
		New: func(cc grpc.ClientConnInterface) backend.Client { return pb.NewBackendBClient(cc) },
	}, {
		Position: behaviours.Chain, Service: "contract.v1.RelayB", Backend: "contract.v1.BackendC", Target: addressB, Conn: connB, Inside: in,
		New: func(cc grpc.ClientConnInterface) backend.Client { return pb.NewRelayBClient(cc) },
	}, {
		Position: behaviours.Cycle, Service: "contract.v1.CycleB", Backend: "contract.v1.BackendA", Target: addressB, Conn: connB, Inside: in,
		New: func(cc grpc.ClientConnInterface) backend.Client { return pb.NewCycleBClient(cc) },
	}}
}
