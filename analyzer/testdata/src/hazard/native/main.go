// Command native runs in a process of its own, where much is as it always was.
package main

//go:generate go tool cofaas-gen -place native

import (
	"context"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"hazard/cgodep"
	"hazard/cgoonly"
	"hazard/pb"
)

var calls int

func main() {
	cgodep.Two()                            // ok: there is cgo
	cgoonly.Three()                         // ok
	config, _ := os.ReadFile("config.yaml") // want `os.ReadFile fails in a native isolate unless the host is started with -mount for what it reads: or embed that, or pass it in the environment`
	_ = config
	matches, _ := filepath.Glob("*.x") // want `filepath.Glob finds nothing in a native isolate unless the host is started with -mount for what it looks for: or embed that`
	_ = matches
	time.LoadLocation("Europe/Oslo") // want `time.LoadLocation takes time zones from files of the host`
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM) // ok: the host passes it on
	go func() {                             // ok: there is one
		for range time.Tick(time.Minute) {
			calls++
		}
	}()
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, &server{})
	s.Serve(lis)
}

type server struct {
	pb.UnimplementedShopServer
	busy atomic.Bool
	last string
}

func (s *server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	calls++             // ok: all calls share it
	s.last = "native"   // ok
	for s.busy.Load() { // ok: others run meanwhile
	}
	os.WriteFile("log", nil, 0o600)     // want `os.WriteFile fails in a native isolate, which has no files that it may write`
	exec.Command("convert").Run()       // want `exec.Cmd.Run fails in a native isolate, which cannot start processes: keep this function out of the app, or make a function of what it starts`
	syscall.Exec("/bin/true", nil, nil) // want `syscall.Exec fails in a native isolate, which cannot start processes: keep this function out of the app, or make a function of what it starts`
	syscall.Kill(1, syscall.SIGTERM)    // want `syscall.Kill in a native isolate reaches no other process`
	return in, nil
}
