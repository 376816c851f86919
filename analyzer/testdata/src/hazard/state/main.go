// Command state remembers things between calls, in package variables.
package main

//go:generate go tool cofaas-gen

import (
	"bytes"
	"container/heap"
	"container/list"
	"context"
	"maps"
	"net"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"hazard/pb"
)

func main() {
	lis, _ := net.Listen("tcp", ":1")
	s := grpc.NewServer()
	pb.RegisterShopServer(s, &server{})
	s.Serve(lis)
}

type server struct{ pb.UnimplementedShopServer }

type config struct {
	limit int
	tags  map[string]string
}

type ints []int

func (h ints) Len() int           { return len(h) }
func (h ints) Less(i, j int) bool { return h[i] < h[j] }
func (h ints) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *ints) Push(x any)        { *h = append(*h, x.(int)) }
func (h *ints) Pop() any          { return nil }

var (
	hits     int
	total    int64
	names    = map[string]int{}
	history  []string
	fixed    [4]int
	current  *config
	settings config
	flag     atomic.Bool
	counter  atomic.Int64
	raw      int64
	shared   sync.Map
	latest   atomic.Pointer[config]
	queue    = list.New()
	pending  ints
	output   bytes.Buffer
	aliased  = map[string]*config{}
	merged   = map[string]int{}
	cleared  = map[string]int{}
	copied   = make([]byte, 8)
	mu       sync.Mutex
	guarded  int
	deferred int
	spawned  int
	closure  int
	pointer  int
	deep     *config
	indirect func()
)

func (s *server) Get(ctx context.Context, in *pb.Item) (*pb.Item, error) {
	hits++                           // want `variable hits is written by RPC handlers: each instance of the function has its own; to have one, run the host with -max-instances state=1`
	total += 2                       // want `variable total is written`
	names[in.Name]++                 // want `variable names is written`
	names[in.Name] = 2               // ok: the same again
	history = append(history, "get") // want `variable history is written`
	fixed[0] = 1                     // want `variable fixed is written`
	current = &config{}              // want `variable current is written`
	settings.limit = 3               // want `variable settings is written`
	flag.Store(true)                 // want `variable flag is written`
	counter.Add(1)                   // want `variable counter is written`
	atomic.AddInt64(&raw, 1)         // want `variable raw is written`
	shared.LoadOrStore(1, 2)         // want `variable shared is written`
	latest.CompareAndSwap(nil, nil)  // want `variable latest is written`
	queue.PushBack(in)               // want `variable queue is written`
	heap.Push(&pending, 1)           // want `variable pending is written`
	output.WriteString("x")          // want `variable output is written`
	maps.Copy(merged, names)         // want `variable merged is written`
	clear(cleared)                   // want `variable cleared is written`
	copy(copied, "x")                // want `variable copied is written`
	s.more()
	return in, nil
}

func (*server) more() {
	c := aliased["x"]
	c.limit = 1 // want `variable aliased is written`
	mu.Lock()
	guarded = 1 // want `variable guarded is written`
	mu.Unlock()
	defer func() { deferred++ }() // want `variable deferred is written`
	go func() { spawned++ }()     // want `variable spawned is written`
	each(func() { closure++ })    // want `variable closure is written`
	set(&pointer)                 // want `variable pointer is written`
	if deep != nil {
		deep.tags["x"] = "y" // want `variable deep is written`
	}
	helper.run() // want `variable helper is written`
	indirect()
}

func each(f func()) { f() }

func set(p *int) { *p = 1 }

type work struct{ done int }

func (w *work) run() { w.done++ }

var helper work
