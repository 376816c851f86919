// Command web serves network.v1.Web: its tasks use the network by package net and by libraries on top of it. It has an HTTP server too.
//
// Environment variables, all of them optional:
//
//	ADDRESS       where it serves gRPC
//	HTTP_ADDRESS  where it serves HTTP: nowhere if it is empty
//	REFRESH       a URL that it asks for its setting all the time
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
	if address := os.Getenv("HTTP_ADDRESS"); address != "" {
		if err := serveHTTP(address); err != nil {
			log.Fatal(err)
		}
	}
	if url := os.Getenv("REFRESH"); url != "" {
		go refresh(url)
	}
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50062"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterWebServer(server, web{})
	log.Fatal(server.Serve(lis))
}

type web struct{ pb.UnimplementedWebServer }

func (web) Do(ctx context.Context, in *pb.Task) (*pb.Outcome, error) { return tasks.Do(ctx, in) }

var tasks = task.Set{
	"nothing":         func(context.Context, *task.Report, []string) error { return nil },
	"dial":            dial,
	"dial cancelled":  dialCancelled,
	"dial race":       dialRace,
	"echo":            echo,
	"half close":      halfClose,
	"read":            read,
	"write":           write,
	"deadlines":       deadlines,
	"close":           closeWhileReading,
	"options":         streamOptions,
	"hold":            hold,
	"held":            held,
	"release":         release,
	"crowd":           crowd,
	"bulk":            bulk,
	"listen":          listen,
	"loopback":        loopback,
	"interfaces":      interfaces,
	"http get":        httpGet,
	"http post":       httpPost,
	"http parallel":   httpParallel,
	"http cancel":     httpCancel,
	"http timeout":    httpTimeout,
	"http download":   httpDownload,
	"http fail":       httpFail,
	"http loop":       httpLoop,
	"setting":         settingNow,
	"websocket":       websocketEcho,
	"traces":          traces,
	"lookup":          lookup,
	"lookup slow":     lookupSlow,
	"udp":             udp,
	"udp unconnected": udpUnconnected,
	"udp refused":     udpRefused,
	"unixgram":        unixgram,
	"tls":             tlsDial,
	"tick":            tick,
	"ticks":           ticks,
	"sleep":           sleep,
	"panic":           fail,
	"file":            file,
	"local time":      localTime,
}
