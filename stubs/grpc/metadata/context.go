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

// NewOutgoingContext returns a context with md as the metadata for the calls made under it, in place of any metadata
// that ctx has. md must not change afterwards.
func NewOutgoingContext(ctx context.Context, md MD) context.Context {
	return context.WithValue(ctx, callctx.Outgoing{}, callctx.Raw{Set: md})
}

// AppendToOutgoingContext returns a context with alternating keys and values added to the metadata for the calls made
// under it. It panics when the number of arguments is odd.
func AppendToOutgoingContext(ctx context.Context, kv ...string) context.Context {
	if len(kv)%2 != 0 {
		panic(fmt.Sprintf("metadata: AppendToOutgoingContext got an odd number of input pairs for metadata: %d", len(kv)))
	}
	pairs := copyOf(kv)
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = strings.ToLower(pairs[i])
	}
	raw, _ := ctx.Value(callctx.Outgoing{}).(callctx.Raw)
	// Contexts derived from one parent must not share the array behind Added.
	added := make([][]string, 0, len(raw.Added)+1)
	added = append(append(added, raw.Added...), pairs)
	return context.WithValue(ctx, callctx.Outgoing{}, callctx.Raw{Set: raw.Set, Added: added})
}

// FromOutgoingContext returns a copy of the metadata for the calls made under ctx, keys in lower case.
func FromOutgoingContext(ctx context.Context) (MD, bool) {
	raw, ok := ctx.Value(callctx.Outgoing{}).(callctx.Raw)
	if !ok {
		return nil, false
	}
	out := make(MD, len(raw.Set)+len(raw.Added))
	for k, v := range raw.Set {
		out[strings.ToLower(k)] = copyOf(v)
	}
	for _, pairs := range raw.Added {
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = append(out[pairs[i]], pairs[i+1])
		}
	}
	return out, true
}

// ValueFromOutgoingContext returns a copy of the values of one key of the metadata for the calls made under ctx. The
// case of key does not matter.
func ValueFromOutgoingContext(ctx context.Context, key string) []string {
	raw, ok := ctx.Value(callctx.Outgoing{}).(callctx.Raw)
	if !ok {
		return nil
	}
	set, found := find(raw.Set, key)
	var out []string
	if found {
		out = copyOf(set)
	}
	for _, pairs := range raw.Added {
		for i := 0; i < len(pairs); i += 2 {
			if strings.EqualFold(pairs[i], key) {
				out = append(out, pairs[i+1])
			}
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
