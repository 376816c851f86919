package host

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

var (
	frontSpec = Function{Name: "front", Exports: []string{"test.Front"}, Imports: []string{"test.Back"}}
	backSpec  = Function{Name: "back", Exports: []string{"test.Back"}}
	aloneSpec = Function{Name: "alone", Exports: []string{"test.Front"}}
)

func echoApp(t testing.TB) *App {
	return newApp(t, guests{{aloneSpec, echoGuest("front#echo", "front#act")}})
}

func relayApp(t testing.TB) *App {
	return newApp(t, guests{{frontSpec, relayGuest()}, {backSpec, echoGuest("back#echo", "back#act")}}, Edge{"front", "back", "test.Back"})
}

func TestForeignGuest(t *testing.T) {
	for name, app := range map[string]*App{"alone": echoApp(t), "with an edge": relayApp(t)} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app, Options{MaxInstances: 1})
			for _, size := range []int{0, 1, 7, 8, 1 << 10, 1 << 20, 3 << 20} {
				want := bytes.Repeat([]byte{0xc0, 0xfa, 0xa5}, size/3+1)[:size]
				for range 3 {
					got, err := s.call(t.Context(), "Front/Echo", want)
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%d bytes: got %d, %v", size, len(got), err)
					}
				}
			}
			for name, n := range s.instances(t) {
				if n != 1 {
					t.Errorf("function %s has %d instances, want 1", name, n)
				}
				// cabi_post frees, so the guest never held more than one request and one reply.
				if got := len(s.functions[name].pool.idle[0].Bytes()); got > 8<<20 {
					t.Errorf("function %s has grown to %d bytes", name, got)
				}
			}
		})
	}
}

// A request that is too wide for core parameters comes as an address.
func TestForeignGuest_indirect(t *testing.T) {
	const size = 9 * 8 // of Wide: 8 fields and the unknown fields
	w := newGuestModule(&wasm{})
	w.function("proto:test/broad#echo", i32s(1, 1), 0,
		i32Const(resultAt+4), localGet(0), i32Const(size), copyMemory, i32Const(resultAt))
	s := serve(t, newApp(t, guests{{Function{Name: "broad", Exports: []string{"test.Broad"}}, w.binary()}}), Options{})
	d, err := s.program.files.FindDescriptorByName("test.Wide")
	if err != nil {
		t.Fatal(err)
	}
	md := d.(protoreflect.MessageDescriptor)
	in, out := dynamicpb.NewMessage(md), dynamicpb.NewMessage(md)
	if err := protojson.Unmarshal([]byte(`{"a": ["one", "", "three"], "b": "AQ==", "h": "CAgI"}`), in); err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Invoke(t.Context(), "/test.Broad/Echo", in, out); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(in, out) {
		t.Errorf("got %v, want %v", out, in)
	}
}

func TestForeignGuest_Errors(t *testing.T) {
	s := serve(t, relayApp(t), Options{MaxMessage: 1 << 10})
	_, err := s.call(t.Context(), "Front/Echo", make([]byte, 2<<10))
	want := status.New(codes.ResourceExhausted, "grpc: message larger than max (1024 bytes)")
	if got := status.Convert(err); got.Code() != want.Code() || got.Message() != want.Message() {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := s.call(t.Context(), "Front/Missing", nil); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want Unimplemented", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.call(ctx, "Front/Echo", nil); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	s.checkEcho(t, "Front/Echo")
	for name, n := range s.instances(t) {
		if n != 1 {
			t.Errorf("function %s has %d instances, want 1", name, n)
		}
	}
}

// Many clients at once, few instances: every reply belongs to its request.
func TestForeignGuest_concurrent(t *testing.T) {
	const clients, calls = 64, 50
	for name, app := range map[string]*App{"alone": echoApp(t), "with an edge": relayApp(t)} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, app, Options{MaxInstances: 3})
			var group errgroup.Group
			for c := range clients {
				group.Go(func() error {
					for i := range calls {
						want := bytes.Repeat(fmt.Appendf(nil, "client %d call %d ", c, i), 1+(c*i)%200)
						got, err := s.call(t.Context(), "Front/Echo", want)
						if err != nil {
							return err
						}
						if !bytes.Equal(got, want) {
							return fmt.Errorf("client %d call %d got %.40q", c, i, got)
						}
					}
					return nil
				})
			}
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
			n := s.instances(t)
			if got := n[app.Root]; got > 3 {
				t.Errorf("%d instances, want at most 3", got)
			}
		})
	}
}
