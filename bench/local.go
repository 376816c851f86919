package main

import (
	"context"
	"fmt"
	"net"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/cofaas/cofaas/bench/internal/consumer"
	"github.com/cofaas/cofaas/bench/internal/transfer"
	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

// localTransports are those whose caller is a loop in this process. plugin is the file of go-plugin's guest.
func localTransports(plugin string) []transport {
	// Compiled once, for all that open makes.
	cache := wazero.NewCompilationCache()
	return []transport{
		{name: "bufconn", call: 25e3, perByte: 1.3, open: openBufconn},
		{name: "inproc", call: 4e3, perByte: 0.2, open: openInproc},
		{name: "goplugin", call: 4e3, perByte: 1.3, open: func(ctx context.Context, size, calls int) (*sampler, error) {
			return openPlugin(ctx, plugin, cache, size, calls)
		}},
		{name: "copy", call: 10, perByte: 0.02, open: openCopy},
	}
}

// payload makes what the producer sends.
func payload(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// loop does what the producer does for a request.
func loop(client prodcon.ProducerConsumerClient, size, calls int) func(context.Context) error {
	req := &prodcon.ConsumeByteRequest{Value: payload(size)}
	return func(ctx context.Context) error {
		lengths := make([]int32, calls)
		for i := range lengths {
			reply, err := client.ConsumeByte(ctx, req)
			if err != nil {
				return err
			}
			lengths[i] = reply.GetLength()
			if !reply.GetValue() || int(reply.GetLength()) != size {
				return fmt.Errorf("%d bytes arrived as %v, %d", size, reply.GetValue(), reply.GetLength())
			}
		}
		return nil
	}
}

func openBufconn(_ context.Context, size, calls int) (*sampler, error) {
	lis := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	prodcon.RegisterProducerConsumerServer(server, consumer.New())
	go server.Serve(lis)
	conn, err := grpc.NewClient("passthrough:bufconn",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		server.Stop()
		return nil, err
	}
	return &sampler{calls: calls, many: loop(prodcon.NewProducerConsumerClient(conn), size, calls), close: func() {
		conn.Close()
		server.Stop()
	}}, nil
}

func openInproc(_ context.Context, size, calls int) (*sampler, error) {
	var channel inprocgrpc.Channel
	prodcon.RegisterProducerConsumerServer(&channel, consumer.New())
	return &sampler{calls: calls, many: loop(prodcon.NewProducerConsumerClient(&channel), size, calls), close: func() {}}, nil
}

// pluginBytes is how many bytes of payload an instance of the plugin gets. A guest of mainline Go that only ever runs within
// short calls falls behind with collecting garbage, after a few hundred MB it stops for good, and when its memory is full it traps. So
// go-plugin is measured with instances that are young, and the time to make new ones is not counted.
const pluginBytes = 64 << 20

// openPlugin loads the plugin with what go-plugin generates for hosts.
func openPlugin(ctx context.Context, file string, cache wazero.CompilationCache, size, calls int) (*sampler, error) {
	loader, err := transfer.NewProducerConsumerPlugin(ctx, transfer.WazeroRuntime(func(ctx context.Context) (wazero.Runtime, error) {
		rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache))
		_, err := wasi_snapshot_preview1.Instantiate(ctx, rt)
		return rt, err
	}))
	if err != nil {
		return nil, err
	}
	plugin, err := loader.Load(ctx, file)
	if err != nil {
		return nil, err
	}
	req := &transfer.ConsumeByteRequest{Value: payload(size)}
	passed := 0
	s := &sampler{calls: calls, close: func() { plugin.Close(context.WithoutCancel(ctx)) }}
	s.prepare = func(ctx context.Context) error {
		if passed += calls * size; passed <= pluginBytes {
			return nil
		}
		passed = calls * size
		young, err := loader.Load(ctx, file)
		if err != nil {
			return err
		}
		err = plugin.Close(ctx)
		plugin = young
		return err
	}
	s.many = func(ctx context.Context) error {
		lengths := make([]int32, calls)
		for i := range lengths {
			reply, err := plugin.ConsumeByte(ctx, req)
			if err != nil {
				return err
			}
			lengths[i] = reply.GetLength()
			if !reply.GetValue() || int(reply.GetLength()) != size {
				return fmt.Errorf("%d bytes arrived as %v, %d", size, reply.GetValue(), reply.GetLength())
			}
		}
		return nil
	}
	return s, nil
}

func openCopy(_ context.Context, size, calls int) (*sampler, error) {
	from, to := payload(size), make([]byte, size)
	return &sampler{
		calls: calls,
		many: func(context.Context) error {
			for range calls {
				copy(to, from)
			}
			return nil
		},
		close: func() {},
	}, nil
}
