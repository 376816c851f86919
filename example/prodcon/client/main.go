// Command client calls helloworld.Greeter, prints the last reply, and sums up how long the calls took.
//
// The environment variable PRODUCER_ADDRESS is the default of -addr.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code, 2 for wrong usage and 1 for a call that failed.
func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("client", flag.ContinueOnError)
	fs.SetOutput(stderr)
	addr := fs.String("addr", cmp.Or(os.Getenv("PRODUCER_ADDRESS"), "localhost:50051"), "gRPC `target` of the producer")
	n := fs.Int("n", 1, "`number` of requests, one after the other")
	name := fs.String("name", "World", "whom to greet")
	timeout := fs.Duration("timeout", 10*time.Second, "deadline of each request")
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *n < 1 || fs.NArg() > 0 {
		fmt.Fprintln(stderr, "client: want -n of at least 1 and no arguments")
		return 2
	}

	conn, err := grpc.NewClient(*addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fmt.Fprintln(stderr, "client:", err)
		return 1
	}
	defer conn.Close()
	reply, times, err := greet(helloworld.NewGreeterClient(conn), *name, *n, *timeout)
	if err != nil {
		st := status.Convert(err)
		fmt.Fprintf(stderr, "client: request %d of %d: %v: %s\n", len(times)+1, *n, st.Code(), st.Message())
		return 1
	}
	stats := reply.GetStats()
	fmt.Fprintf(stdout, "%s\n", reply.GetMessage())
	fmt.Fprintf(stdout, "%v: %d calls, %d bytes, checksum %08x\n",
		reply.GetOutcome(), stats.GetCalls(), stats.GetBytes(), stats.GetChecksum())
	fmt.Fprintln(stdout, summary(times))
	return 0
}

// greet makes n requests. It returns the last reply and how long each request took, those before an error included.
func greet(client helloworld.GreeterClient, name string, n int, timeout time.Duration) (*helloworld.HelloReply, []time.Duration, error) {
	var reply *helloworld.HelloReply
	var times []time.Duration
	for range n {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		start := time.Now()
		r, err := client.SayHello(ctx, &helloworld.HelloRequest{Name: name})
		took := time.Since(start)
		cancel()
		if err != nil {
			return nil, times, err
		}
		reply, times = r, append(times, took)
	}
	return reply, times, nil
}

// summary describes the distribution of at least one duration.
func summary(times []time.Duration) string {
	sorted := slices.Sorted(slices.Values(times))
	at := func(percent int) time.Duration {
		return sorted[(len(sorted)-1)*percent/100].Round(time.Microsecond)
	}
	return fmt.Sprintf("%d requests: min %v, median %v, p99 %v, max %v", len(sorted), at(0), at(50), at(99), at(100))
}
