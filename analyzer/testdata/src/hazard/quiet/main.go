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
	value    = sync.OnceValue(func() int { table["once"] = 1; return 1 })
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

func init() { table["x"] = 1 } // initialization

func main() {
	table["y"] = 2 // as main does
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, &server{names: map[string]int{}})
	pb.RegisterShopServer(s, valued{})
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) { handled++ }) // no RPC
	go func() { stopping.Store(true) }()                                         // main's
	s.Serve(lis)
	untold++
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
	once.Do(func() { lazy = map[string]int{} }) // each instance does it once
	once.Do(prepare)
	s.once.Do(s.prepare)
	if first == nil {
		first = new(bytes.Buffer) // the same
	}
	buf := pool.Get().(*bytes.Buffer)
	buf.WriteString("x") // of this call
	pool.Put(buf)
	mu.RLock()
	n := table["x"] + lazy["x"] + s.names["x"] + value() + cache.Get("x") + limits[0] // only read
	mu.RUnlock()
	group.Add(1)
	defer group.Done()
	events <- "x"
	logger.Println(n)
	source.IntN(3)
	client.Do(nil)
	in.Name = "changed" // the request's
	in.Next.Name = "too"
	out := &pb.Item{}
	out.Name = "x"
	local := map[string]int{}
	local["x"] = 1
	fill(local)
	var b strings.Builder
	b.WriteString("x")
	mine := store.Cache{}
	mine.Put("x", 1)
	copied := limits
	copied[0] = 2 // an array is copied
	byValue := *s
	byValue.total = 3
	in.GetName() // generated
	return out, nil
}

func prepare() { lazy = nil }

func (s *server) prepare() { s.total = 1 }

func fill(m map[string]int) { m["y"] = 2 }

// Put has a server that is a copy.
func (s valued) Put(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	s.calls++
	return in, nil
}

type valued struct {
	pb.UnimplementedShopServer
	calls int
}

func (s *server) admin() { s.total++ } // nobody calls it

type unused struct{ pb.UnimplementedShopServer }

func (*unused) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	untold++ // is registered nowhere
	return in, nil
}
