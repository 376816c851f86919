package lsp_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofaas/cofaas/analyzer/vet"
	"github.com/cofaas/cofaas/internal/lsp/lsptest"
)

// TestFunctions has the real analyzer look at the example.
func TestFunctions(t *testing.T) {
	t.Parallel()
	dir := lsptest.Prodcon(t)
	consumer, greeter, producer := filepath.Join(dir, "consumer/main.go"), filepath.Join(dir, "producer/greeter.go"), filepath.Join(dir, "producer/main.go")
	c := serve(t, vet.New())
	c.Initialize(nil, dir)
	for _, file := range []string{consumer, greeter, producer} {
		c.Open(file)
	}
	hover := func(file, text string, plus int) string {
		t.Helper()
		var h lsptest.Hover
		c.Call("textDocument/hover", lsptest.At(file, c.Find(file, text, plus)), &h)
		return h.Contents.Value
	}
	handler := "[(consumer).ConsumeByte](" + lsptest.URI(consumer) + "#L"
	tests := []struct {
		name, file, text string
		plus             int
		want             []string
	}{
		{"Call", greeter, "client.ConsumeByte", 8, []string{
			"`/prodcon.ProducerConsumer/ConsumeByte`", "`producer` → `consumer`: **local**", "environment variable CONSUMER_ADDRESS",
			"`consumer` answers it with " + handler,
		}},
		{"Client", greeter, "client := prodcon.NewProducerConsumerClient", 25, []string{"Client of gRPC service `prodcon.ProducerConsumer`", "`producer` → `consumer`: **local**"}},
		{"Server", consumer, "RegisterProducerConsumerServer", 3, []string{"Function `consumer` serves it; called by `producer`."}},
		{"Uncalled", producer, "RegisterGreeterServer", 3, []string{"Function `producer` serves it; no function calls it."}},
		{"Host", producer, "RegisterHealthServer", 3, []string{"Function `producer` registers it, and the host serves it in its place."}},
		{"Annotation", producer, "//go:generate", 20, []string{
			"Function of cofaas `producer`", "- serves `helloworld.Greeter`", "- has `grpc.health.v1.Health` served by the host",
			"- calls `prodcon.ProducerConsumer`: `producer` → `consumer`", "- needs environment variable CONSUMER_ADDRESS: `-env producer:CONSUMER_ADDRESS`", "rewritten",
		}},
		{"Argument", greeter, "client.ConsumeByte(ctx, g.transfer)", 25, nil},
		{"Other", greeter, "fmt.Sprintf", 6, nil},
	}
	for _, test := range tests {
		got := hover(test.file, test.text, test.plus)
		if test.want == nil && got != "" {
			t.Errorf("%s: got %q, want nothing", test.name, got)
		}
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: got %q, which lacks %q", test.name, got, want)
			}
		}
	}

	var handlers []lsptest.Location
	c.Call("textDocument/implementation", lsptest.At(greeter, c.Find(greeter, "client.ConsumeByte", 10)), &handlers)
	if len(handlers) != 1 || handlers[0].URI != lsptest.URI(consumer) || handlers[0].Range.Start != c.Find(consumer, "ConsumeByte(_", 0) {
		t.Errorf("got %+v, want the handler", handlers)
	}

	// Without the consumer's annotation the call leaves the app; the buffer says so, not the disk.
	c.Replace(consumer, "//go:generate go tool cofaas-gen", "// not now")
	if got := hover(greeter, "client.ConsumeByte", 8); !strings.Contains(got, "`producer` → outside of the app: **remote**") {
		t.Errorf("got %q, want a remote call", got)
	}
	// While code is broken, what was known is still shown.
	c.Replace(producer, "cfg.dialOnce {", "cfg.dialOnce { broken +")
	if got := hover(greeter, "client.ConsumeByte", 8); !strings.Contains(got, "**remote**") {
		t.Errorf("got %q of broken code, want a remote call", got)
	}
	c.Replace(producer, " broken +", "")
	c.Replace(consumer, "// not now", "//go:generate go tool cofaas-gen")
	if got := hover(greeter, "client.ConsumeByte", 8); !strings.Contains(got, handler) {
		t.Errorf("got %q, want a local call", got)
	}

	// Where functions run is what their lines say.
	for _, test := range []struct{ consumer, producer, want, annotation string }{
		{" -place native", "", "`producer` → `consumer`: **local**, to a process of its own, through shared memory, dialled", "- runs natively\n"},
		{" -place wasm,native", " -place native", "`producer` → `consumer`: **local**, from a process of its own, through shared memory, dialled", "- runs as a guest, or natively if the host is told so\n"},
		{"", " -place consumer=remote", "`producer` → `consumer`: **local**, a copy between two memories; in the host of producer outside, so that calls to it leave the host, dialled",
			"- runs as a guest; in the host of producer outside, so that calls to it leave the host\n"},
	} {
		c.Replace(consumer, "go tool cofaas-gen", "go tool cofaas-gen"+test.consumer)
		c.Replace(producer, "go tool cofaas-gen", "go tool cofaas-gen"+test.producer)
		if got := hover(greeter, "client.ConsumeByte", 8); !strings.Contains(got, test.want) {
			t.Errorf("got %q, which lacks %q", got, test.want)
		}
		if got := hover(consumer, "//go:generate", 20); !strings.Contains(got, test.annotation) {
			t.Errorf("got %q, which lacks %q", got, test.annotation)
		}
		c.Replace(consumer, "go tool cofaas-gen"+test.consumer, "go tool cofaas-gen")
		c.Replace(producer, "go tool cofaas-gen"+test.producer, "go tool cofaas-gen")
	}
	c.Replace(consumer, "go tool cofaas-gen", "go tool cofaas-gen -place here")
	if p := c.Wait(consumer, "a wrong flag", found(1)); p.Diagnostics[0].Code != "line-flag" {
		t.Errorf("got %+v", p)
	}
	c.Replace(consumer, "go tool cofaas-gen -place here", "go tool cofaas-gen")
	c.Wait(consumer, "a right line", found(0))

	// What stands in the way appears and goes while one types.
	start := time.Now()
	v := c.Replace(consumer, "\tprodcon.RegisterProducerConsumerServer(server, consumer{})\n", "")
	p := c.Wait(consumer, "an obstacle", found(1))
	t.Logf("a finding %v after the edit", time.Since(start).Round(time.Millisecond))
	if d := p.Diagnostics[0]; d.Code != "no-service" || p.Version == nil || *p.Version != v {
		t.Errorf("got %+v", p)
	}
	if got := hover(greeter, "client.ConsumeByte", 8); !strings.Contains(got, "registers no gRPC service") || !strings.Contains(got, "**local**") {
		t.Errorf("got %q, want what was known, and why it is not any longer", got)
	}
	c.Replace(consumer, "checks := health", "prodcon.RegisterProducerConsumerServer(server, consumer{})\n\tchecks := health")
	c.Wait(consumer, "no obstacle", found(0))
	c.Shutdown()
}

// gate is added to the example: a function that shares a package with another, which serves what the consumer serves too, hides its
// handler behind a constructor, and calls by name.
const gate = `
-- shared/shared.go --
package shared

import (
	"context"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"example.com/prodcon/protos/prodcon"
)

type Client struct{ prodcon.ProducerConsumerClient }

func New(target string) (*Client, error) {
	conn, err := grpc.NewClient(target)
	if err != nil {
		return nil, err
	}
	return &Client{prodcon.NewProducerConsumerClient(conn)}, nil
}

func (c *Client) Pass(ctx context.Context, in *prodcon.ConsumeByteRequest) (*prodcon.ConsumeByteReply, error) {
	return c.ConsumeByte(ctx, in)
}

func Check(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	return err
}
-- gate/main.go --
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"log"
	"net"

	"google.golang.org/grpc"

	"example.com/prodcon/protos/prodcon"
	"example.com/prodcon/shared"
)

func main() {
	client, err := shared.New("consumer:1")
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", ":2")
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	prodcon.RegisterProducerConsumerServer(s, newGate(client))
	log.Fatal(s.Serve(lis))
}

type gate struct {
	prodcon.UnimplementedProducerConsumerServer
	*shared.Client
}

func newGate(c *shared.Client) prodcon.ProducerConsumerServer { return &gate{Client: c} }

func (g *gate) ConsumeByte(ctx context.Context, in *prodcon.ConsumeByteRequest) (*prodcon.ConsumeByteReply, error) {
	return g.Pass(ctx, in)
}

func health(ctx context.Context, conn *grpc.ClientConn) error {
	out := new(prodcon.ConsumeByteReply)
	if err := conn.Invoke(ctx, "/prodcon.ProducerConsumer/ConsumeByte", &prodcon.ConsumeByteRequest{}, out); err != nil {
		return err
	}
	return shared.Check(ctx, conn)
}

var _ = health
-- unused/unused.go --
package unused

import (
	"google.golang.org/grpc"

	"example.com/prodcon/protos/prodcon"
)

func New(conn *grpc.ClientConn) prodcon.ProducerConsumerClient { return prodcon.NewProducerConsumerClient(conn) }
`

// TestHover has calls of every form.
func TestHover(t *testing.T) {
	t.Parallel()
	dir := lsptest.Prodcon(t)
	lsptest.ExtractTo(t, dir, gate)
	main, shared, consumer := filepath.Join(dir, "gate/main.go"), filepath.Join(dir, "shared/shared.go"), filepath.Join(dir, "consumer/main.go")
	unused := filepath.Join(dir, "unused/unused.go")
	c := serve(t, vet.New())
	c.Initialize(nil, dir)
	for _, file := range []string{main, shared, consumer, unused} {
		c.Open(file)
	}
	both := "`gate` → one of 2 functions: **local**, by what is dialled"
	answers := []string{
		"\n- `consumer` answers it with [(consumer).ConsumeByte](" + lsptest.URI(consumer) + "#L",
		"\n- `gate` answers it with [(\\*gate).ConsumeByte](" + lsptest.URI(main) + "#L",
	}
	tests := []struct {
		name, file, text string
		plus             int
		want             []string
	}{
		{"Embedded", shared, "c.ConsumeByte", 4, append([]string{"/prodcon.ProducerConsumer/ConsumeByte", both}, answers...)},
		{"ByName", main, "conn.Invoke", 6, append([]string{"/prodcon.ProducerConsumer/ConsumeByte", both}, answers...)},
		{"Remote", shared, ".Check(ctx, &", 2, []string{"/grpc.health.v1.Health/Check", "`gate` → outside of the app: **remote**, over the network"}},
		{"Client", shared, "prodcon.NewProducerConsumerClient", 10, []string{"Client of gRPC service", both, "\n- `consumer`", "\n- `gate`"}},
		{"Server", main, "RegisterProducerConsumerServer", 2, []string{"Function `gate` serves it; called by `gate`, `producer`."}},
		{"Unused", unused, "prodcon.NewProducerConsumerClient", 10, nil}, // part of no function, so nobody has looked at it
	}
	for _, test := range tests {
		var h lsptest.Hover
		c.Call("textDocument/hover", lsptest.At(test.file, c.Find(test.file, test.text, test.plus)), &h)
		if test.want == nil && h.Contents.Value != "" {
			t.Errorf("%s: got %q, want nothing", test.name, h.Contents.Value)
		}
		for _, want := range test.want {
			if !strings.Contains(h.Contents.Value, want) {
				t.Errorf("%s: got %q, which lacks %q", test.name, h.Contents.Value, want)
			}
		}
	}
	var handlers []lsptest.Location
	c.Call("textDocument/implementation", lsptest.At(shared, c.Find(shared, "c.ConsumeByte", 4)), &handlers)
	if len(handlers) != 2 || handlers[0].URI != lsptest.URI(consumer) || handlers[1].URI != lsptest.URI(main) {
		t.Errorf("got %+v, want the handlers of both", handlers)
	}
	c.Call("textDocument/implementation", lsptest.At(shared, c.Find(shared, "package", 0)), &handlers)
	if len(handlers) != 0 {
		t.Errorf("got %+v of the package clause", handlers)
	}
	c.Shutdown()
}
