package main // want `package hazard/info is rewritten` `package hazard/pb is rewritten`

//go:generate go tool cofaas-gen

import (
	"context"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"hazard/pb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // want `signal.NotifyContext hears of nothing in a guest: the host gets the signals, and stops its functions itself`
	defer stop()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP) // want `signal.Notify hears of nothing in a guest`
	go func() {                            // want `goroutine that goes on between calls: each instance of the function runs its own; to have one, run the host with -max-instances info=1`
		for range time.Tick(time.Minute) {
			refresh()
		}
	}()
	go every()  // want `goroutine that goes on between calls`
	go func() { // want `goroutine that goes on between calls`
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
				refresh()
			}
		}
	}()
	go func() { // ok: ends
		<-ctx.Done()
	}()
	go func() { // ok: ends
		time.Sleep(time.Second)
		refresh()
	}()
	go func() { // ok: tries three times
		for i := 0; i < 3; i++ {
			refresh()
			time.Sleep(time.Second)
		}
	}()
	go func() { // ok: works when there is work
		for sig := range signals {
			_ = sig
		}
	}()
	lis, _ := net.Listen("tcp", ":1") // want `listen is rewritten`
	s := grpc.NewServer()
	pb.RegisterShopServer(s, nil) // want `exports x.Shop`
	s.Serve(lis)
}

func every() {
	for {
		refresh()
		time.Sleep(time.Minute)
	}
}

func refresh() {}
