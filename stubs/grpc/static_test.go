package grpc

import (
	"context"
	"testing"

	"github.com/cofaas/cofaas/stubs/grpc/metadata"
)

// wrapper is a connection that the application wrote.
type wrapper struct{ ClientConnInterface }

func TestStaticOptions(t *testing.T) {
	cc := newConn(t)
	header := Header(new(metadata.MD))
	for _, tt := range []struct {
		name   string
		conn   ClientConnInterface
		opts   []CallOption
		shared bool
	}{
		{"none", cc, nil, true},
		{"empty", cc, []CallOption{}, true},
		{"one", cc, []CallOption{header}, false},
		{"wrapped", wrapper{cc}, nil, false},
		{"wrapped, one", wrapper{cc}, []CallOption{header}, false},
	} {
		got := StaticOptions(tt.conn, tt.opts)
		if len(got) != 1+len(tt.opts) || got[0] != StaticMethod() {
			t.Errorf("%s: got %v", tt.name, got)
		}
		if isShared(got) != tt.shared || tt.shared && cap(got) != 1 {
			t.Errorf("%s: shared is %t, want %t; capacity %d", tt.name, isShared(got), tt.shared, cap(got))
		}
		if !isStatic(got) != (len(tt.opts) > 0) {
			t.Errorf("%s: static is %t", tt.name, isStatic(got))
		}
	}
	if n := testing.AllocsPerRun(100, func() { StaticOptions(cc, nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Interceptors may do with their options what they like.
func TestStaticOptions_Interceptors(t *testing.T) {
	h := useFakeHost(t)
	h.exports[fullName] = bindNop(t, replyWith(nil))
	damage := func(opts []CallOption) {
		if len(opts) == 0 || opts[len(opts)-1] != StaticMethod() {
			t.Errorf("the interceptor gets %v", opts)
		}
		for i := range opts {
			opts[i] = nil
		}
	}
	unary := func(_ context.Context, _ string, _, _ any, _ *ClientConn, _ UnaryInvoker, opts ...CallOption) error {
		damage(opts)
		return nil
	}
	stream := func(_ context.Context, _ *StreamDesc, _ *ClientConn, _ string, _ Streamer, opts ...CallOption) (ClientStream, error) {
		damage(opts)
		return nil, nil
	}
	for _, more := range [][]DialOption{nil, {WithDefaultCallOptions(MaxCallRecvMsgSize(1))}} {
		cc, err := NewClient("x", append(more, WithInsecure(), WithUnaryInterceptor(unary), WithStreamInterceptor(stream))...)
		if err != nil {
			t.Fatal(err)
		}
		cc.Invoke(t.Context(), fullName, nil, nil, StaticOptions(cc, nil)...)
		cc.NewStream(t.Context(), &StreamDesc{}, fullName, StaticOptions(cc, nil)...)
	}
	if staticOptions[0] != StaticMethod() {
		t.Errorf("the options of all calls are now %v", staticOptions)
	}
}
