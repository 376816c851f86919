// Command front serves network.v1.Front, and on the same port pages over HTTP and lines of text: it has the functions behind it do tasks, and does some itself.
//
// Environment variables: ADDRESS is where it listens, STORE_TARGET and WEB_TARGET are where the others do.
package main

//go:generate go tool cofaas-gen

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/soheilhy/cmux"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/test/network/pb"
	"github.com/cofaas/cofaas/test/network/task"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	store, err := grpc.NewClient(cmp.Or(os.Getenv("STORE_TARGET"), "store:50061"), plain)
	if err != nil {
		return err
	}
	defer store.Close()
	web, err := grpc.NewClient(cmp.Or(os.Getenv("WEB_TARGET"), "web:50062"), plain)
	if err != nil {
		return err
	}
	defer web.Close()
	lis, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDRESS"), "127.0.0.1:50060"))
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pb.RegisterFrontServer(server, &front{store: pb.NewStoreClient(store), web: pb.NewWebClient(web)})
	return serve(lis, server)
}

// serve has one port for gRPC, for HTTP pages, and for lines of text.
func serve(lis net.Listener, server *grpc.Server) error {
	mux := cmux.New(lis)
	rpcs := mux.MatchWithWriters(cmux.HTTP2MatchHeaderFieldSendSettings("content-type", "application/grpc"))
	pages := mux.Match(cmux.HTTP1Fast())
	lines := mux.Match(cmux.Any())
	var group errgroup.Group
	group.Go(func() error { return server.Serve(rpcs) })
	group.Go(func() error {
		return http.Serve(pages, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "page "+r.URL.Path)
		}))
	})
	group.Go(func() error {
		for {
			conn, err := lines.Accept()
			if err != nil {
				return err
			}
			go func() {
				defer conn.Close()
				line, _ := bufio.NewReader(conn).ReadString('\n')
				_, _ = io.WriteString(conn, "line "+line)
			}()
		}
	})
	group.Go(mux.Serve)
	return group.Wait()
}

type front struct {
	pb.UnimplementedFrontServer
	store pb.StoreClient
	web   pb.WebClient
}

func (f *front) Do(ctx context.Context, in *pb.Task) (*pb.Outcome, error) {
	switch in.GetFunction() {
	case "store":
		return f.store.Do(ctx, in)
	case "web":
		return f.web.Do(ctx, in)
	default:
		return tasks.Do(ctx, in)
	}
}

var tasks = task.Set{
	"nothing": func(context.Context, *task.Report, []string) error { return nil },
	// dial is there to see that what one function may, another need not be allowed to.
	"dial": func(ctx context.Context, r *task.Report, args []string) error {
		conn, err := new(net.Dialer).DialContext(ctx, args[0], args[1])
		r.Failure("dial", err)
		if err == nil {
			return conn.Close()
		}
		return nil
	},
}
