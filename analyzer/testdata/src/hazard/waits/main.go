// Command waits has loops that wait.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"hazard/pb"
)

var (
	ready   atomic.Bool
	state   int32
	mu      sync.Mutex
	plain   bool
	results = make(chan int)
)

func main() {
	for !ready.Load() { // want `loop that waits without letting other goroutines run, so that in a guest it may wait forever: block, or call runtime.Gosched`
	}
	for atomic.LoadInt32(&state) == 0 { // want `loop that waits`
	}
	for !mu.TryLock() { // want `loop that waits`
	}
	for !atomic.CompareAndSwapInt32(&state, 0, 1) { // want `loop that waits`
	}
	for !plain { // want `loop that waits`
	}
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, server{})
	go s.Serve(lis)
	for { // want `loop that waits`
	}
}

type server struct{ pb.UnimplementedShopServer }

func (server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	for { // want `loop that waits`
		select {
		case <-results:
			return in, nil
		default:
		}
	}
}

func (server) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	for { // want `loop that waits`
		select {
		case n := <-results:
			return in, use(n)
		default:
			continue
		}
	}
}

func use(int) error { return nil }

// fine is called, and its loops wait properly.
func fine(ctx context.Context, work func() bool) {
	for !ready.Load() { // ok
		runtime.Gosched()
	}
	for !ready.Load() { // ok
		time.Sleep(time.Millisecond)
	}
	for { // ok
		select {
		case <-ctx.Done():
			return
		case <-results:
		}
	}
}

func fine2(ctx context.Context, work func() bool) {
	for { // ok
		select {
		case <-ctx.Done():
			return
		default:
			work()
		}
	}
}

func fine3(ctx context.Context, work func() bool) {
	timer := time.NewTimer(1)
	for { // ok
		select {
		case <-timer.C:
			return
		default:
		}
	}
}

func fine4(work func() bool, n int) {
	for work() { // ok
	}
	for <-results > 0 { // ok
	}
	for i := 0; i < n; i++ { // ok
	}
	for n > 0 { // ok
		n--
	}
	for start := time.Now(); time.Since(start) < 1; { // ok
	}
	for range n { // ok
	}
	for { // ok
		old := atomic.LoadInt32(&state)
		if atomic.CompareAndSwapInt32(&state, old, old+1) {
			break
		}
	}
}

func init() {
	if false {
		fine(nil, nil)
		fine2(nil, nil)
		fine3(nil, nil)
		fine4(nil, 0)
	}
}
