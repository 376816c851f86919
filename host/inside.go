package host

import (
	"context"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/cofaas/cofaas/internal/hostserved"
)

// inside has servers for what the host serves in the place of functions, health and reflection, when a function of the app asks
// another one for it: such calls are made as those that leave the host, over a connection in memory.
type inside struct {
	mu      sync.Mutex
	servers map[*function]*insideServer
}

type insideServer struct {
	*grpc.Server
	conn *remoteConn
}

// insideConn returns the connection to what the host serves for the function of the app that a target leads to, or nil if it leads
// to none.
func (o *outgoing) insideConn(t target) (*remoteConn, error) {
	h := o.from.host
	if o.remote != nil || !hostserved.IsAnswered(o.service) {
		return nil, nil
	}
	var started []*function
	for _, f := range h.functions {
		if f.isStarted() {
			started = append(started, f)
		}
	}
	f := h.at(t, started)
	if f == nil {
		return nil, nil
	}
	return h.inside.conn(f)
}

// isStarted says whether the function has started, and not ended since.
func (f *function) isStarted() bool {
	if f.native != nil {
		return f.native.isServing()
	}
	return f.pool.size() > 0
}

// conn returns the connection to a function's services.
func (i *inside) conn(f *function) (*remoteConn, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if s := i.servers[f]; s != nil {
		return s.conn, nil
	}
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, f.health)
	registerReflection(server, f.host.program.files)
	lis := bufconn.Listen(64 << 10)
	conn, err := grpc.NewClient("passthrough:///"+f.name,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(wireCodec{newFrontCodec()})))
	if err != nil {
		return nil, err
	}
	f.host.remotes.calls.Go(func() { _ = server.Serve(lis) })
	if i.servers == nil {
		i.servers = map[*function]*insideServer{}
	}
	i.servers[f] = &insideServer{server, &remoteConn{ClientConn: conn, remotes: f.host.remotes}}
	return i.servers[f].conn, nil
}

// close stops the servers.
func (i *inside) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, s := range i.servers {
		_ = s.conn.Close()
		s.Stop()
	}
	i.servers = nil
}
