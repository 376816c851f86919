// Command fields remembers things between calls, in its servers.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"hazard/pb"
	"hazard/store"
)

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer(grpc.UnaryInterceptor(count), grpc.StreamInterceptor((&limiter{}).stream), grpc.ChainUnaryInterceptor(counting()))
	pb.RegisterShopServer(s, newServer())
	var second pb.ShopServer = &other{}
	pb.RegisterShopServer(s, second)
	s.RegisterService(&pb.Shop_ServiceDesc, &third{})
	pb.RegisterShopServer(s, &embedding{})
	s.Serve(lis)
}

type server struct {
	pb.UnimplementedShopServer
	mu    sync.Mutex
	count int
	items map[string]*pb.Item
	cache store.Cache
	back  Backend
	stats struct{ calls int }
	list  []string
	seen  atomic.Int64
	ready bool
}

// A Backend is where items are.
type Backend interface{ Save(string) }

type memory struct{ saved map[string]bool }

func (m *memory) Save(name string) { m.saved[name] = true }

type remote struct{ conn *grpc.ClientConn }

func (r *remote) Save(name string) {} // ok

func newServer() *server {
	s := &server{items: map[string]*pb.Item{}, back: &memory{}}
	s.ready = true // ok: before it serves
	return s
}

func (s *server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++               // want `field count of server is written by RPC handlers: each instance of the function has its own; to have one, run the host with -max-instances fields=1`
	s.items[in.Name] = in   // want `field items of server is written`
	s.cache.Put(in.Name, 1) // want `field cache of server is written`
	s.back.Save(in.Name)    // want `field back of server is written`
	s.stats.calls++         // want `field stats of server is written`
	s.seen.Add(1)           // want `field seen of server is written`
	s.add(in.Name)          // want `field list of server is written`
	return in, nil
}

func (s *server) add(name string) { s.list = append(s.list, name) }

type other struct {
	pb.UnimplementedShopServer
	calls int
}

func (o *other) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	o.calls++ // want `field calls of other is written`
	return in, nil
}

type embedding struct {
	pb.UnimplementedShopServer
	*store.Bumper
	table  store.Table[string, int]
	last   string
	nested struct{ deep *store.Table[int, int] }
	byName map[string]*store.Cache
	read   store.Table[string, int]
}

func (e *embedding) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	e.Bump()                   // want `field Bumper of embedding is written`
	e.table.Set(in.Name, 1)    // want `field table of embedding is written`
	store.Assign(&e.last, "x") // want `field last of embedding is written`
	e.nested.deep.Set(1, 1)    // want `field nested of embedding is written`
	if c, ok := e.byName["x"]; ok {
		c.Put("x", 1) // want `field byName of embedding is written`
	}
	e.read.Len() // ok
	mine := store.Table[string, int]{}
	mine.Set("x", 1) // ok
	get := e.byName["x"].Get
	get("x") // ok
	return in, nil
}

type third struct{ puts map[string]int }

func (t *third) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	delete(t.puts, in.Name) // want `field puts of third is written`
	return in, nil
}

func (t *third) unexported() { t.puts = nil } // ok

var requests int

func count(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	requests++ // want `variable requests is written`
	return handler(ctx, req)
}

type limiter struct{ tokens int }

func (l *limiter) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	l.tokens-- // want `field tokens of limiter is written`
	return handler(srv, ss)
}

func counting() grpc.UnaryServerInterceptor {
	n := 0
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		n++ // want `variable n is written`
		local := 0
		local++ // ok
		return handler(ctx, req)
	}
}
