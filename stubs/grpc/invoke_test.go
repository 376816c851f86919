package grpc

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// countingCodec is protobuf that counts.
type countingCodec struct{ marshals, unmarshals int }

func (*countingCodec) Name() string { return "proto" }

func (c *countingCodec) Marshal(v any) ([]byte, error) {
	c.marshals++
	return proto.Marshal(v.(proto.Message))
}

func (c *countingCodec) Unmarshal(data []byte, v any) error {
	c.unmarshals++
	return proto.Unmarshal(data, v.(proto.Message))
}

// bytesCodec has callers see the bytes.
type bytesCodec struct{}

func (bytesCodec) Name() string                  { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) { return v.([]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

var invokeCases = []echoCase{
	{"method names", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: echo})
		for _, method := range []string{"test.Echo/Say", "/test.Echo/Nothing", "/no.Such/Say", "/test.Echo", "/a/b/c", "/test.Echo/", ""} {
			report("%s: %+v", method, c.call(t.Context(), method, "x", nil).outcome)
		}
		report("%+v", c.call(t.Context(), fullName, "x", nil))
	}},
	{"server with credentials", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{serverCreds: true, handler: func(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			report("%+v", k.hasPeer(ctx))
			return echo(ctx, in)
		}})
		report("%+v", c.call(t.Context(), fullName, "x", nil))
	}},
	{"no messages", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: echo})
		reply := new(wrapperspb.StringValue)
		var text string
		report("%+v", c.invoke(t.Context(), invocation{method: fullName, reply: reply}))
		report("%q", reply.GetValue())
		report("%+v", c.invoke(t.Context(), invocation{method: fullName, args: "text", reply: reply}))
		report("%+v", c.invoke(t.Context(), invocation{method: fullName, args: wrapperspb.String("a"), reply: &text}))
	}},
	{"codecs", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: echo})
		codec, reply := new(countingCodec), new(wrapperspb.StringValue)
		report("%+v", c.invoke(t.Context(), invocation{method: fullName, args: wrapperspb.String("a"), reply: reply, codec: codec}))
		report("%q %+v", reply.GetValue(), *codec)
		var out []byte
		report("%+v", c.invoke(t.Context(), invocation{method: fullName, args: []byte("\x0a\x01a"), reply: &out, codec: bytesCodec{}}))
		report("%q", out)
		report("%v", c.invoke(t.Context(), invocation{method: fullName, args: []byte{0xff}, reply: &out, codec: bytesCodec{}}).code)
	}},
	{"limits", func(t *testing.T, k kit, report func(string, ...any)) {
		c := k.start(t, setup{handler: func(_ context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			n := 0
			fmt.Sscan(in.GetValue(), &n)
			return wrapperspb.String(strings.Repeat("x", n)), nil
		}})
		const limit = 4 << 20
		for _, n := range []int{limit - 5, limit - 4, limit} {
			for _, maxRecv := range []int{0, limit - 1, limit, limit + 2, 2 * limit} {
				args, reply := wrapperspb.String(fmt.Sprint(n)), new(wrapperspb.StringValue)
				report("%d %d: %+v", n, maxRecv, c.invoke(t.Context(), invocation{method: fullName, args: args, reply: reply, maxRecv: maxRecv}))
			}
		}
		for _, n := range []int{limit - 5, limit - 4} {
			args, reply := wrapperspb.String(strings.Repeat(" ", n)), new(wrapperspb.StringValue)
			report("request of %d: %+v", n, c.invoke(t.Context(), invocation{method: fullName, args: args, reply: reply}))
		}
	}},
	{"headers that are not allowed", func(t *testing.T, k kit, report func(string, ...any)) {
		var set func(context.Context, ...string) error
		var key, value string
		log := new(eventLog)
		c := k.start(t, setup{handler: func(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
			log.add(fmt.Sprintf("the handler sees %v", set(ctx, key, value)))
			return echo(ctx, in)
		}})
		for i, f := range []func(context.Context, ...string) error{k.setHeader, k.sendHeader, k.setTrailer} {
			set = f
			for _, kv := range [][2]string{{"x bad", "1"}, {"x\x01", "1"}, {"é", "1"}, {"", "1"}, {"x!", "1"}, {"x", "\x01"}, {"x", "a\tb"}, {"x", "\x7f"}, {"x", "é"}, {"x-bin", "\x00"}} {
				key, value = kv[0], kv[1]
				r := c.call(t.Context(), fullName, "x", nil)
				// A header that is not allowed ends the call for the client, before the handler returns.
				report("%v", log.wait(t, 1, "the handler sees"))
				log.reset()
				report("%d %q %d %v%v", i, kv, r.code, r.header["x"], r.trailer["x"])
			}
		}
	}},
}
