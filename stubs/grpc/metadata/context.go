package metadata

import (
	"context"
	"fmt"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
)

// NewIncomingContext returns a context with md as the metadata that came with the call. md must not change afterwards.
func NewIncomingContext(ctx context.Context, md MD) context.Context {
	return context.WithValue(ctx, callctx.Incoming{}, md)
}

// FromIncomingContext returns a copy of the metadata that came with the call, keys in lower case. In the context of a
// handler it is always there.
func FromIncomingContext(ctx context.Context) (MD, bool) {
	md, ok := ctx.Value(callctx.Incoming{}).(MD)
	if !ok {
		return nil, false
	}
	out := make(MD, len(md))
	for k, v := range md {
		out[strings.ToLower(k)] = copyOf(v)
	}
	return out, true
}

// ValueFromIncomingContext returns a copy of the values of one key of the metadata that came with the call. The case of
// key does not matter.
func ValueFromIncomingContext(ctx context.Context, key string) []string {
	md, ok := ctx.Value(callctx.Incoming{}).(MD)
	if !ok {
		return nil
	}
	if v, ok := find(md, key); ok {
		return copyOf(v)
	}
	return nil
}

// outgoing is a context with metadata for the calls made under it. It is what context.WithValue would make, in one piece.
type outgoing struct {
	context.Context
	metadata callctx.Metadata
	pair     [2]string // for the pairs that were added, if it is one
}

func (c *outgoing) Value(key any) any {
	if _, ok := key.(callctx.Outgoing); ok {
		return &c.metadata
	}
	return c.Context.Value(key)
}

// String is for logs and for the errors that quote a context.
func (c *outgoing) String() string { return fmt.Sprint(c.Context) + ".WithOutgoingMetadata" }

// outgoingAfter is outgoing for parents with a method AfterFunc, so that contexts derived from it need no goroutine each.
type outgoingAfter struct{ outgoing }

func (c *outgoingAfter) AfterFunc(f func()) (stop func() bool) {
	return c.Context.(interface{ AfterFunc(func()) func() bool }).AfterFunc(f)
}

func init() {
	callctx.Unwrap = func(ctx context.Context) context.Context {
		switch c := ctx.(type) {
		case *outgoing:
			return c.Context
		case *outgoingAfter:
			return c.Context
		}
		return nil
	}
}

func newOutgoing(parent context.Context) (*outgoing, context.Context) {
	if _, ok := parent.(*outgoingAfter); ok || callctx.IsAfterFuncer != nil && callctx.IsAfterFuncer(parent) {
		c := &outgoingAfter{outgoing{Context: parent}}
		return &c.outgoing, c
	}
	c := &outgoing{Context: parent}
	return c, c
}

// outgoingOf returns the metadata for the calls made under ctx, nil if there is none.
func outgoingOf(ctx context.Context) *callctx.Metadata {
	m, _ := ctx.Value(callctx.Outgoing{}).(*callctx.Metadata)
	return m
}

// NewOutgoingContext returns a context with md as the metadata for the calls made under it, in place of any metadata
// that ctx has. md must not change afterwards.
func NewOutgoingContext(ctx context.Context, md MD) context.Context {
	if ctx == nil {
		panic("cannot create context from nil parent")
	}
	c, out := newOutgoing(ctx)
	c.metadata.Set = md
	return out
}

// AppendToOutgoingContext returns a context with alternating keys and values added to the metadata for the calls made
// under it. It panics when the number of arguments is odd.
func AppendToOutgoingContext(ctx context.Context, kv ...string) context.Context {
	if len(kv)%2 != 0 {
		panic(fmt.Sprintf("metadata: AppendToOutgoingContext got an odd number of input pairs for metadata: %d", len(kv)))
	}
	before := outgoingOf(ctx)
	c, out := newOutgoing(ctx)
	pairs := c.pair[:]
	if len(kv) != len(pairs) {
		pairs = make([]string, len(kv))
	}
	for i := 0; i < len(kv); i += 2 {
		pairs[i], pairs[i+1] = strings.ToLower(kv[i]), kv[i+1]
	}
	c.metadata.Before, c.metadata.Added = before, pairs
	return out
}

// FromOutgoingContext returns a copy of the metadata for the calls made under ctx, keys in lower case.
func FromOutgoingContext(ctx context.Context) (MD, bool) {
	m := outgoingOf(ctx)
	if m == nil {
		return nil, false
	}
	return merged(m, 0), true
}

// merged returns a copy with room for more keys.
func merged(m *callctx.Metadata, more int) MD {
	more += len(m.Added) / 2
	var out MD
	if m.Before != nil {
		out = merged(m.Before, more)
	} else {
		out = make(MD, len(m.Set)+more)
		for k, v := range m.Set {
			out[strings.ToLower(k)] = copyOf(v)
		}
	}
	for i := 0; i < len(m.Added); i += 2 {
		k, v := m.Added[i], m.Added[i+1]
		out[k] = append(out[k], v)
	}
	return out
}

// ValueFromOutgoingContext returns a copy of the values of one key of the metadata for the calls made under ctx. The
// case of key does not matter.
func ValueFromOutgoingContext(ctx context.Context, key string) []string {
	return valuesOf(outgoingOf(ctx), key)
}

func valuesOf(m *callctx.Metadata, key string) []string {
	if m == nil {
		return nil
	}
	out := valuesOf(m.Before, key)
	if set, found := find(m.Set, key); found {
		out = copyOf(set)
	}
	for i := 0; i < len(m.Added); i += 2 {
		if strings.EqualFold(m.Added[i], key) {
			out = append(out, m.Added[i+1])
		}
	}
	return out
}

// find looks a key up in lower case first, since an MD that was not made by this package may have other keys.
func find(md MD, key string) ([]string, bool) {
	if v, ok := md[strings.ToLower(key)]; ok {
		return v, true
	}
	for k, v := range md {
		if strings.EqualFold(k, key) {
			return v, true
		}
	}
	return nil, false
}
