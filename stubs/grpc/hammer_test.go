//go:build !wasip1

package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate"
	"github.com/cofaas/cofaas/isolate/isolatetest"
	"github.com/cofaas/cofaas/isolate/protocol"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// hammerServer is a server whose handlers leave goroutines behind that use what is their call's, and check that it is no other's.
type hammerServer struct {
	t      *testing.T
	behind sync.WaitGroup
	calls  atomic.Int64
}

// check fails if a context says that it is another call's than id.
func (s *hammerServer) check(ctx context.Context, id string) {
	md, _ := metadata.FromIncomingContext(ctx)
	if got := md.Get("id"); len(got) > 0 && got[0] != id {
		s.t.Errorf("the context of call %s is that of call %s", id, got[0])
	}
}

// leave leaves a goroutine behind, which does all that may be done with a context, until long after the call.
func (s *hammerServer) leave(ctx context.Context, id string) {
	s.behind.Go(func() {
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		for range 3 {
			s.check(ctx, id)
			SetHeader(ctx, metadata.Pairs("id", "late-"+id))
			SetTrailer(ctx, metadata.Pairs("id", "late-"+id))
		}
		<-derived.Done()
		s.check(ctx, id)
		if ctx.Err() == nil {
			s.t.Errorf("call %s is over, and its context is not", id)
		}
		SetHeader(ctx, metadata.Pairs("id", "late-"+id))
	})
}

func (s *hammerServer) unary(_ any, ctx context.Context, dec func(any) error, _ UnaryServerInterceptor) (any, error) {
	in := new(wrapperspb.StringValue)
	if err := dec(in); err != nil {
		return nil, err
	}
	s.calls.Add(1)
	s.check(ctx, in.Value)
	n, _ := strconv.Atoi(in.Value)
	if n%2 == 0 {
		SetHeader(ctx, metadata.Pairs("id", in.Value))
	}
	if n%3 == 0 {
		s.leave(ctx, in.Value)
	}
	if n%5 == 0 {
		return nil, status.Error(codes.NotFound, in.Value)
	}
	if n%7 == 0 {
		<-ctx.Done()
	}
	return in, nil
}

func (s *hammerServer) stream(_ any, stream ServerStream) error {
	first := true
	for {
		in := new(wrapperspb.StringValue)
		switch err := stream.RecvMsg(in); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if first {
			first = false
			s.calls.Add(1)
			stream.SetHeader(metadata.Pairs("id", in.Value)) // before anybody else can send
			s.leave(stream.Context(), in.Value)
			id := in.Value
			s.behind.Go(func() {
				for stream.RecvMsg(new(wrapperspb.StringValue)) == nil {
				}
				stream.SendMsg(wrapperspb.String("late-" + id))
			})
			if err := stream.SendMsg(in); err != nil {
				return err
			}
			return nil
		}
	}
}

// TestHammer has many calls at a time of one client, of which some are cancelled, some have deadlines and some leave goroutines behind. Each
// must get its own reply, header and error.
func TestHammer(t *testing.T) {
	h := &isolatetest.Host{Welcome: protocol.Welcome{
		Function: "hammered",
		Imports:  map[string]protocol.Import{fullName: {}, "/" + serviceName + "/Stream": {ClientStreams: true, ServerStreams: true}},
		Exports:  []string{fullName, "/" + serviceName + "/Stream"},
	}}
	keepBorder(t)
	rt := h.Start(t, channel.Best())
	before := isolate.SetDefault(rt)
	t.Cleanup(func() { isolate.SetDefault(before) })
	s := &hammerServer{t: t}
	server := newServing()
	server.RegisterService(&ServiceDesc{
		ServiceName: serviceName,
		Methods:     []MethodDesc{{MethodName: methodName, Handler: s.unary}},
		Streams:     []StreamDesc{{StreamName: "Stream", ClientStreams: true, ServerStreams: true, Handler: s.stream}},
	}, nil)
	cc := newConn(t)
	var wg sync.WaitGroup
	const clients = 8
	calls := 300
	if testing.Short() {
		calls = 60
	}
	for c := range clients {
		wg.Go(func() {
			for i := range calls {
				n := c*calls + i + 1
				if n%4 == 0 {
					hammerStream(t, cc, n)
				} else {
					hammerUnary(t, cc, n)
				}
				if c == 0 && i == calls/2 {
					// From here on calls go another way.
					isolatetest.Connect(t, channel.Best(), h, h, serviceName)
				}
			}
		})
	}
	wg.Wait()
	server.GracefulStop()
	s.behind.Wait()
	if s.calls.Load() == 0 {
		t.Error("nothing was called")
	}
	if n := server.active.Load(); n != 0 || server.watched != nil {
		t.Errorf("the server keeps %d calls", n)
	}
}

// hammerContext is the context of call n.
func hammerContext(t *testing.T, n int) (context.Context, context.CancelFunc) {
	ctx := metadata.AppendToOutgoingContext(t.Context(), "id", strconv.Itoa(n))
	if n%7 == 0 || n%11 == 0 {
		return context.WithTimeout(ctx, time.Duration(n%5)*time.Millisecond)
	}
	return context.WithCancel(ctx)
}

func hammerUnary(t *testing.T, cc *ClientConn, n int) {
	ctx, cancel := hammerContext(t, n)
	defer cancel()
	if n%13 == 0 {
		go cancel()
	}
	var header metadata.MD
	opts := StaticOptions(cc, nil)
	if n%2 == 0 {
		opts = []CallOption{Header(&header)}
	}
	reply := new(wrapperspb.StringValue)
	err := cc.Invoke(ctx, fullName, wrapperspb.String(strconv.Itoa(n)), reply, opts...)
	switch code := status.Code(err); {
	case errors.Is(err, context.DeadlineExceeded), code == codes.DeadlineExceeded, code == codes.Canceled:
		if n%7 != 0 && n%11 != 0 && n%13 != 0 {
			t.Errorf("call %d: %v", n, err)
		}
	case n%5 == 0:
		if code != codes.NotFound || status.Convert(err).Message() != strconv.Itoa(n) {
			t.Errorf("call %d: %v", n, err)
		}
	case err != nil:
		t.Errorf("call %d: %v", n, err)
	case reply.Value != strconv.Itoa(n):
		t.Errorf("call %d has the reply of %s", n, reply.Value)
	case n%2 == 0:
		checkHeader(t, n, header)
	}
}

// checkHeader checks that the header of call n has what its handler has set, and may have what was left behind.
func checkHeader(t *testing.T, n int, header metadata.MD) {
	got := header.Get("id")
	if len(got) == 0 || got[0] != strconv.Itoa(n) && got[0] != fmt.Sprint("late-", n) {
		t.Errorf("call %d has the header of %v", n, got)
	}
	for _, id := range got {
		if strings.TrimPrefix(id, "late-") != strconv.Itoa(n) {
			t.Errorf("call %d has the header of %v", n, got)
		}
	}
}

func hammerStream(t *testing.T, cc *ClientConn, n int) {
	ctx, cancel := hammerContext(t, n)
	defer cancel()
	limited := n%7 == 0 || n%11 == 0
	s, err := cc.NewStream(ctx, &StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+serviceName+"/Stream")
	if err != nil {
		if !limited {
			t.Errorf("stream %d: %v", n, err)
		}
		return
	}
	for i := range 3 {
		if err := s.SendMsg(wrapperspb.String(strconv.Itoa(n))); err != nil && err != io.EOF {
			t.Errorf("stream %d: message %d: %v", n, i, err)
		}
	}
	s.CloseSend()
	for err == nil {
		reply := new(wrapperspb.StringValue)
		err = s.RecvMsg(reply)
		if err == nil && strings.TrimPrefix(reply.Value, "late-") != strconv.Itoa(n) {
			t.Errorf("stream %d has the message %s", n, reply.Value)
		}
	}
	if err != io.EOF && !limited {
		t.Errorf("stream %d: %v", n, err)
	}
	if md, _ := s.Header(); !limited {
		checkHeader(t, n, md)
	}
}
