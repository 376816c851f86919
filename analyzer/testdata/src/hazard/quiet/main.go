// Command quiet does what looks like remembering, and is not.
package main

//go:generate go tool cofaas-gen

import (
	"bytes"
	"context"
	"errors"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"hazard/pb"
	"hazard/store"
)

var (
	errNone  = errors.New("none")
	table    = map[string]int{}
	once     sync.Once
	lazy     map[string]int
	first    *bytes.Buffer
	pool     = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	mu       sync.RWMutex
	group    sync.WaitGroup
	value    = sync.OnceValue(func() int { table["once"] = 1; return 1 }) // ok
	stopping atomic.Bool
	handled  int
	cache    store.Cache
	client   http.Client
	events   = make(chan string, 1)
	logger   = log.New(os.Stderr, "", 0)
	source   = rand.New(rand.NewPCG(1, 2))
	untold   int
	limits   = [2]int{1, 2}
)

func init() { table["x"] = 1 } // ok: initialization

func main() {
	table["y"] = 2 // ok: as main does
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, &server{names: map[string]int{}})
	pb.RegisterShopServer(s, valued{})
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) { handled++ }) // ok: no RPC
	go func() { stopping.Store(true) }()                                         // ok: main's
	s.Serve(lis)
	untold++ // ok
}

type server struct {
	pb.UnimplementedShopServer
	names map[string]int
	total int
	once  sync.Once
	conn  *grpc.ClientConn
}

func (s *server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	if in == nil {
		return nil, errNone
	}
	once.Do(func() { lazy = map[string]int{} }) // ok: each instance does it once
	once.Do(prepare)                            // ok
	s.once.Do(s.prepare)                        // ok
	if first == nil {
		first = new(bytes.Buffer) // ok: the same
	}
	buf := pool.Get().(*bytes.Buffer)
	buf.WriteString("x") // ok: of this call
	pool.Put(buf)        // ok
	mu.RLock()
	n := table["x"] + lazy["x"] + s.names["x"] + value() + cache.Get("x") + limits[0] // ok: only read
	mu.RUnlock()
	group.Add(1)         // ok
	defer group.Done()   // ok
	events <- "x"        // ok
	logger.Println(n)    // ok
	source.IntN(3)       // ok
	client.Do(nil)       // ok
	in.Name = "changed"  // ok: the request's
	in.Next.Name = "too" // ok
	out := &pb.Item{}
	out.Name = "x" // ok
	local := map[string]int{}
	local["x"] = 1 // ok
	fill(local)    // ok
	var b strings.Builder
	b.WriteString("x") // ok
	mine := store.Cache{}
	mine.Put("x", 1) // ok
	copied := limits
	copied[0] = 2 // ok: an array is copied
	byValue := *s
	byValue.total = 3 // ok
	in.GetName()      // ok: generated
	return out, nil
}

func prepare() { lazy = nil } // ok

func (s *server) prepare() { s.total = 1 } // ok

func fill(m map[string]int) { m["y"] = 2 }

// Put has a server that is a copy.
func (s valued) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	s.calls++ // ok
	return in, nil
}

type valued struct {
	pb.UnimplementedShopServer
	calls int
}

func (s *server) admin() { s.total++ } // ok: nobody calls it

type unused struct{ pb.UnimplementedShopServer }

func (*unused) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	untold++ // ok: is registered nowhere
	return in, nil
}
