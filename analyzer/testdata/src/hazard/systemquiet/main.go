// Command systemquiet uses of the system what guests have, or asks first.
package main

//go:generate go tool cofaas-gen

import (
	"bufio"
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
	template.ParseFS(content, "*")
	content.ReadFile("main.go")
	os.Getenv("X")
	os.Stat("config.yaml")
	os.Getwd()
	os.Stderr.WriteString("x")
	bufio.NewReader(os.Stdin)
	filepath.Join("a", "b")
	time.LoadLocation("UTC")
	time.LoadLocation("Local")
	time.Sleep(1)
	new(store.Cache).Get("x")
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	go func() {
		<-signals
		s.GracefulStop()
	}()
	go func() {
		for range time.Tick(1) {
		}
	}()
	s.Serve(lis)
	os.Exit(1)
}

type server struct{ pb.UnimplementedShopServer }

func (server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	time.Sleep(1)
	return in, nil
}

// dump is called by nobody.
func dump() { os.WriteFile("dump", nil, 0o600) }

type unused struct{}

func (unused) dump() { os.WriteFile("dump", nil, 0o600) }
