//go:build unix

package grpc

import (
	"context"
	"io"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate"
	"github.com/cofaas/cofaas/isolate/isolatetest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// These benchmarks compare a call through all of this package with one of the channel below it, in one process: what is between them is
// what this package and package isolate cost.

const benchSize = 1 << 10

// directConn is a client of a service that sends back what it gets, over a direct channel.
func directConn(b testing.TB) *ClientConn {
	h := &isolatetest.Host{Welcome: protocol.Welcome{
		Function: "echo",
		Imports:  map[string]protocol.Import{fullName: {}, "/" + serviceName + "/Stream": {ClientStreams: true, ServerStreams: true}},
		Exports:  []string{fullName, "/" + serviceName + "/Stream"},
	}}
	keepBorder(b)
	rt := h.Start(b, channel.Best())
	isolatetest.Connect(b, channel.Best(), h, h, serviceName)
	before := isolate.SetDefault(rt)
	b.Cleanup(func() { isolate.SetDefault(before) })
	newServing().RegisterService(&ServiceDesc{
		ServiceName: serviceName,
		Methods: []MethodDesc{{MethodName: methodName, Handler: func(_ any, ctx context.Context, dec func(any) error, _ UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.BytesValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			return in, nil
		}}},
		Streams: []StreamDesc{{StreamName: "Stream", ClientStreams: true, ServerStreams: true, Handler: func(_ any, s ServerStream) error {
			for {
				m := new(wrapperspb.BytesValue)
				if err := s.RecvMsg(m); err == io.EOF {
					return s.SendMsg(m)
				} else if err != nil {
					return err
				}
			}
		}}},
	}, nil)
	return newConn(b)
}

func benchmarkCalls(b *testing.B, parallel bool, call func() error) {
	b.ReportAllocs()
	if !parallel {
		for b.Loop() {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := call(); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkIsolate(b *testing.B) {
	for name, parallel := range map[string]bool{"one": false, "parallel": true} {
		b.Run(name, func(b *testing.B) {
			cc := directConn(b)
			request := wrapperspb.Bytes(make([]byte, benchSize))
			benchmarkCalls(b, parallel, func() error {
				return cc.Invoke(context.Background(), fullName, request, new(wrapperspb.BytesValue), StaticOptions(cc, nil)...)
			})
		})
	}
}

func BenchmarkIsolate_channel(b *testing.B) {
	for name, parallel := range map[string]bool{"one": false, "parallel": true} {
		b.Run(name, func(b *testing.B) {
			conn := rawPair(b)
			request, err := proto.Marshal(wrapperspb.Bytes(make([]byte, benchSize)))
			if err != nil {
				b.Fatal(err)
			}
			h := &channel.Header{Method: fullName}
			benchmarkCalls(b, parallel, func() error {
				r, err := conn.Invoke(context.Background(), nil, h, request)
				if err != nil {
					return err
				}
				r.Free()
				return nil
			})
		})
	}
}

// rawPair is the client's end of a channel whose other end sends back what it gets.
func rawPair(b *testing.B) *channel.Conn {
	link, files, err := channel.Create(channel.Best())
	if err != nil {
		b.Fatal(err)
	}
	peer, err := channel.Open(files)
	if err != nil {
		b.Fatal(err)
	}
	server := channel.New(peer, channel.Config{Serve: func(c *channel.ServerCall) { c.Reply(nil, nil, c.Request) }})
	conn := channel.New(link, channel.Config{})
	b.Cleanup(func() { conn.Close(); server.Close() })
	return conn
}

// BenchmarkIsolate_stream is of messages of a stream from client to server.
func BenchmarkIsolate_stream(b *testing.B) {
	cc := directConn(b)
	s, err := cc.NewStream(b.Context(), &StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+serviceName+"/Stream")
	if err != nil {
		b.Fatal(err)
	}
	m := wrapperspb.Bytes(make([]byte, benchSize))
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		if err := s.SendMsg(m); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	s.CloseSend()
	if err := s.RecvMsg(new(wrapperspb.BytesValue)); err != nil {
		b.Fatal(err)
	}
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
