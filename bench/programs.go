package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/bench/internal/consumer"
	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

// children are the commands that bench starts itself with.
var children map[string]func(ctx context.Context, args []string, stdout, stderr io.Writer) error

func init() {
	children = map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		unixConsumer: serveUnixConsumer,
		loadCommand:  generateLoad,
	}
}

const unixConsumer = "serve-unix-consumer"

// serveUnixConsumer serves the consumer at a unix socket, the only argument.
func serveUnixConsumer(ctx context.Context, args []string, _, stderr io.Writer) error {
	if len(args) != 1 {
		return errors.New("want a path")
	}
	lis, err := net.Listen("unix", args[0])
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	prodcon.RegisterProducerConsumerServer(server, consumer.New())
	context.AfterFunc(ctx, server.Stop)
	fmt.Fprintf(stderr, "consumer: unix listening on unix:%s\n", args[0])
	return server.Serve(lis)
}

// work is what a producer does for a request.
type work struct {
	size, repeats int
	dialPerCall   bool
}

func (w work) env() []string {
	env := []string{"TRANSFER_SIZE_BYTES=" + strconv.Itoa(w.size), "REPEATS=" + strconv.Itoa(w.repeats), "DIAL=once"}
	if w.dialPerCall {
		env[2] = "DIAL=request"
	}
	return env
}

// apps are the ways to run producer and consumer such that a client calls the producer over TCP.
var apps = []string{"tcp", "unix", "cofaas"}

// fleet starts apps. Native producers of one kind share a consumer.
type fleet struct {
	built     *built
	cores     []int
	consumers map[string]*process
	procs     procs
}

func newFleet(b *built, cores []int) *fleet {
	return &fleet{built: b, cores: cores, consumers: map[string]*process{}}
}

// stop stops all processes.
func (f *fleet) stop() { f.procs.stop() }

// anyPort lets the system choose.
const anyPort = "127.0.0.1:0"

// consumer returns the consumer for native producers of an app.
func (f *fleet) consumer(ctx context.Context, app string) (*process, error) {
	if p := f.consumers[app]; p != nil {
		return p, nil
	}
	prog := program{peer: app, path: f.built.consumer, env: []string{"ADDRESS=" + anyPort}, cores: f.cores}
	if app == "unix" {
		prog.path, prog.args = f.built.self, []string{unixConsumer, filepath.Join(f.built.tmp, fmt.Sprintf("%p.sock", f))}
	}
	p, err := f.procs.start(ctx, prog)
	f.consumers[app] = p
	return p, err
}

// hostProgram is the generated host.
func hostProgram(b *built, w work, args ...string) program {
	prog := program{peer: "cofaas", path: b.host, args: append([]string{"-addr", anyPort, "-cache-dir", b.compiled}, args...)}
	for _, kv := range w.env() {
		prog.args = append(prog.args, "-env", "producer:"+kv)
	}
	return prog
}

// start starts an app and returns the process that clients call.
func (f *fleet) start(ctx context.Context, app string, w work) (*process, error) {
	if app == "cofaas" {
		prog := hostProgram(f.built, w)
		prog.cores = f.cores
		return f.procs.start(ctx, prog)
	}
	c, err := f.consumer(ctx, app)
	if err != nil {
		return nil, err
	}
	return f.procs.start(ctx, program{
		peer: app, path: f.built.producer, cores: f.cores,
		env: append(w.env(), "ADDRESS="+anyPort, "CONSUMER_ADDRESS="+c.address),
	})
}

// greeter is a client of an app.
type greeter struct {
	process *process
	conn    *grpc.ClientConn
	client  helloworld.GreeterClient
	work    work
}

func dial(p *process, w work) (*greeter, error) {
	conn, err := dialAddress(p.address)
	if err != nil {
		return nil, p.fail(err)
	}
	return &greeter{p, conn, helloworld.NewGreeterClient(conn), w}, nil
}

func dialAddress(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// greet makes a request and checks the reply.
func (g *greeter) greet(ctx context.Context) error {
	if err := greet(ctx, g.client, g.work); err != nil {
		return g.process.fail(err)
	}
	return nil
}

func greet(ctx context.Context, client helloworld.GreeterClient, w work) error {
	reply, err := client.SayHello(ctx, &helloworld.HelloRequest{Name: "bench"})
	switch {
	case err != nil:
		return err
	case reply.GetOutcome() != helloworld.Outcome_OUTCOME_DELIVERED || int(reply.GetStats().GetCalls()) != w.repeats:
		return fmt.Errorf("wrong reply to a request for %d calls of %d bytes: %v after %d calls",
			w.repeats, w.size, reply.GetOutcome(), reply.GetStats().GetCalls())
	}
	return nil
}

// close closes the client; the process goes on.
func (g *greeter) close() { g.conn.Close() }

// stop closes the client and ends its process.
func (g *greeter) stop() {
	g.close()
	g.process.stop()
}
