// Demo runs the example twice, natively and consolidated, with the same client, and prints both side by side.
//
//	go run ./example/prodcon/demo [-kb 1] [-repeats 20] [-n 500]
//
// It builds the functions and the producer's host, whose guests go generate must have built, starts them on free ports of
// the loopback interface, and stops them in the end.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// load is what the client asks for.
type load struct {
	kb, repeats, requests int
}

// env is the load as the producer's environment.
func (l load) env() []string {
	return []string{"TRANSFER_SIZE_KB=" + strconv.Itoa(l.kb), "REPEATS=" + strconv.Itoa(l.repeats)}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var l load
	set := flag.NewFlagSet("demo", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.IntVar(&l.kb, "kb", 1, "payload of a call between the functions in `KB`")
	set.IntVar(&l.repeats, "repeats", 20, "calls between the functions per request")
	set.IntVar(&l.requests, "n", 500, "requests")
	if err := set.Parse(args); err != nil {
		return 2
	}
	if l.requests < 1 || set.NArg() > 0 {
		fmt.Fprintln(stderr, "demo: -n must be 1 or more, and there are no arguments")
		return 2
	}
	if err := compare(ctx, l, stdout); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 1
	}
	return 0
}

func compare(ctx context.Context, l load, out io.Writer) error {
	dir, err := os.MkdirTemp("", "prodcon-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	const module = "github.com/cofaas/cofaas/example/prodcon/"
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), module+"producer", module+"consumer")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, text)
	}
	build = exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, "host"), module+"producer/cofaas")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build host: %w\n%s", err, text)
	}
	fmt.Fprintf(out, "%d requests, each making %d calls with %d KB from producer to consumer\n\n", l.requests, l.repeats, l.kb)
	native, err := l.native(ctx, dir)
	if err != nil {
		return fmt.Errorf("native: %w", err)
	}
	host, err := l.host(ctx, dir)
	if err != nil {
		return fmt.Errorf("consolidated: %w", err)
	}
	fmt.Fprintf(out, "%-22s %15s %15s\n", "", "native", "consolidated")
	fmt.Fprintf(out, "%-22s %15s %15s\n", "processes", "2", "1")
	for _, row := range []struct {
		name string
		q    float64
	}{{"median per request", 0.5}, {"p99 per request", 0.99}} {
		fmt.Fprintf(out, "%-22s %15s %15s\n", row.name, native.quantile(row.q), host.quantile(row.q))
	}
	fmt.Fprintf(out, "\nreplies are equal: %v\n", proto.Equal(native.reply, host.reply))
	fmt.Fprintf(out, "a request is %.1f times as fast\n", float64(native.quantile(0.5))/float64(host.quantile(0.5)))
	if !proto.Equal(native.reply, host.reply) {
		return fmt.Errorf("native replied %v, consolidated %v", native.reply, host.reply)
	}
	return nil
}

// native measures the functions as two processes.
func (l load) native(ctx context.Context, dir string) (*result, error) {
	consumer, producer := freeAddress(), freeAddress()
	stop, err := start(ctx, []string{"ADDRESS=" + consumer}, filepath.Join(dir, "consumer"))
	if err != nil {
		return nil, err
	}
	defer stop()
	stop, err = start(ctx, append(l.env(), "ADDRESS="+producer, "CONSUMER_ADDRESS="+consumer), filepath.Join(dir, "producer"))
	if err != nil {
		return nil, err
	}
	defer stop()
	return l.measure(ctx, producer)
}

// host measures the producer's host.
func (l load) host(ctx context.Context, dir string) (*result, error) {
	address := freeAddress()
	args := []string{filepath.Join(dir, "host"), "-addr", address}
	for _, kv := range l.env() {
		args = append(args, "-env", "producer:"+kv)
	}
	stop, err := start(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	defer stop()
	return l.measure(ctx, address)
}

// start runs a program until stop is called.
func start(ctx context.Context, env []string, args ...string) (stop func(), err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}, nil
}

// freeAddress returns an address of the loopback interface that nobody listens on.
func freeAddress() string {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0" // the function that listens there reports the error
	}
	defer lis.Close()
	return lis.Addr().String()
}

// result is what the client saw.
type result struct {
	reply *helloworld.HelloReply
	times []time.Duration // ascending
}

func (r *result) quantile(q float64) time.Duration {
	return r.times[int(q*float64(len(r.times)-1))].Round(time.Microsecond)
}

// measure sends the requests one after the other.
func (l load) measure(ctx context.Context, address string) (*result, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	client := helloworld.NewGreeterClient(conn)
	// The first start of a host compiles its guests, which takes seconds.
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	r := &result{}
	for i := range l.requests + l.requests/10 + 1 {
		begin := time.Now()
		reply, err := client.SayHello(ctx, &helloworld.HelloRequest{Name: "demo"}, grpc.WaitForReady(i == 0))
		if err != nil {
			return nil, err
		}
		if i > l.requests/10 { // the first requests warm up
			r.times = append(r.times, time.Since(begin))
		}
		r.reply = reply
	}
	slices.Sort(r.times)
	return r, nil
}
