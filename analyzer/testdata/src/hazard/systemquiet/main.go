// Command systemquiet uses of the system what guests have, or asks first.
package main

//go:generate go tool cofaas-gen

import (
	"bufio" // ok
	"context"
	"embed"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/template"
	"time"

	"google.golang.org/grpc"

	"hazard/pb"
	"hazard/store"
)

//go:embed main.go
var content embed.FS

func main() {
	template.ParseFS(content, "*") // ok
	content.ReadFile("main.go")    // ok
	os.Getenv("X")                 // ok
	os.Stat("config.yaml")         // ok
	os.Getwd()                     // ok
	os.Stderr.WriteString("x")     // ok
	bufio.NewReader(os.Stdin)      // ok
	filepath.Join("a", "b")        // ok
	time.LoadLocation("UTC")       // ok
	time.LoadLocation("Local")     // ok
	time.Sleep(1)                  // ok
	new(store.Cache).Get("x")      // ok
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM) // ok
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	go func() { // ok
		<-signals
		s.GracefulStop()
	}()
	go func() { // ok
		for range time.Tick(1) {
		}
	}()
	s.Serve(lis)
	os.Exit(1) // ok
}

type server struct{ pb.UnimplementedShopServer }

func (server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	time.Sleep(1) // ok
	return in, nil
}

// dump is called by nobody.
func dump() { os.WriteFile("dump", nil, 0o600) } // ok

type unused struct{}

func (unused) dump() { os.WriteFile("dump", nil, 0o600) } // ok
