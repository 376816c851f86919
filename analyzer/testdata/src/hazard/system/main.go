// Command system uses the system around a process.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"crypto/tls"
	"html/template"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"google.golang.org/grpc"

	"hazard/pb"
)

var page = template.Must(template.ParseFiles("page.html")) // want `template.ParseFiles fails in a guest unless the host is started with -mount for what it reads: or embed that, or pass it in the environment`

type opener func(string) (*os.File, error)

func main() {
	config, err := os.ReadFile("config.yaml") // want `os.ReadFile fails in a guest`
	if err != nil {
		panic(err)
	}
	_ = config
	tls.LoadX509KeyPair("cert", "key") // want `tls.LoadX509KeyPair fails in a guest`
	matches, _ := filepath.Glob("*.x") // want `filepath.Glob finds nothing in a guest unless the host is started with -mount for what it looks for: or embed that`
	_ = matches
	var open opener = os.Open // want `os.Open fails in a guest`
	_ = open
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	s.Serve(lis)
	cleanup()
}

func cleanup() { os.RemoveAll("data") } // want `os.RemoveAll fails in a guest, which has no files that it may write`

type server struct{ pb.UnimplementedShopServer }

func (server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	f, err := os.CreateTemp("", "x") // want `os.CreateTemp fails in a guest`
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())                                // want `os.Remove fails in a guest`
	out, err := exec.CommandContext(ctx, "convert").Output() // want `exec.Cmd.Output fails in a guest, which cannot start processes: keep this function out of the app, or make a function of what it starts`
	cmd := exec.Command("sh")                                // ok: only runs below
	if err := cmd.Start(); err != nil {                      // want `exec.Cmd.Start fails in a guest`
		return nil, err
	}
	os.StartProcess("/bin/true", nil, nil) // want `os.StartProcess fails in a guest`
	syscall.Exec("/bin/true", nil, nil)    // want `syscall.Exec does not compile for guests, which cannot start processes`
	_ = out
	return in, err
}

func (server) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	syscall.Kill(syscall.Getpid(), syscall.SIGTERM) // want `syscall.Kill in a guest reaches no other process, and ends the guest at once if it is meant for its own: its callers get UNAVAILABLE`
	p, _ := os.FindProcess(os.Getpid())             // ok
	p.Signal(os.Interrupt)                          // want `os.Process.Signal in a guest`
	return in, nil
}
