// Command store serves network.v1.Store: its tasks use databases, each by the client library that most programs use.
//
// Environment variables: ADDRESS is where it listens.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/network/pb"
	"github.com/cofaas/cofaas/test/network/task"
)

func main() {
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50061"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterStoreServer(server, store{})
	log.Fatal(server.Serve(lis))
}

type store struct{ pb.UnimplementedStoreServer }

func (store) Do(ctx context.Context, in *pb.Task) (*pb.Outcome, error) { return tasks.Do(ctx, in) }

var tasks = task.Set{
	"redis":             redisCommands,
	"redis pool":        redisPool,
	"redis get":         redisGets,
	"redis idle":        redisIdle,
	"redis block":       redisBlock,
	"redis fail":        redisFail,
	"pgx":               pgxCommands,
	"pgx pool":          pgxPool,
	"pgx notify":        pgxNotify,
	"pgx cancel":        pgxCancel,
	"pgx fail":          pgxFail,
	"sql":               sqlCommands,
	"memcache":          memcacheCommands,
	"memcache fail":     memcacheFail,
	"mongo":             mongoPing,
	"mongo unreachable": mongoUnreachable,
}
