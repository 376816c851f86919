package host

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cofaas/cofaas/isolate/protocol"
)

// namedCodec is rawCodec with a name that clients tell.
type namedCodec struct {
	encoding.CodecV2
	name string
}

func (c namedCodec) Name() string { return c.name }

// returnTranscoded is the end of a guest's export for codecs.
func returnTranscoded(ptr, n, done code) code {
	return seq(
		i32Const(resultAt), i32Const(0), store8(0),
		i32Const(resultAt), ptr, store(4),
		i32Const(resultAt), n, store(8),
		i32Const(resultAt), done, store(12),
		i32Const(resultAt), i32Const(0), store(20),
		i32Const(resultAt),
	)
}

// Messages that are not said to be protobuf are turned by the guest, if it can.
func TestFront_codecs(t *testing.T) {
	const reply, data, size = 4, 5, 6 // the parameters
	const textAt = 512
	// The first byte of a request is not protobuf's; replies get none.
	marked := seq(
		localGet(reply), eqz, when(localGet(data), i32Const(1), add, localSet(data), localGet(size), i32Const(1), sub, localSet(size)),
		returnTranscoded(localGet(data), localGet(size), i32Const(1)),
	)
	blob := []byte("\x0a\x04text")
	for _, tt := range []struct {
		name, codec   string
		export        code // nil for none
		request, want []byte
		st            *status.Status
		dies          bool
	}{
		{"turned", "marked", marked, append([]byte{7}, blob...), blob, nil, false},
		{"protobuf", "proto", marked, blob, blob, nil, false},
		{"no export", "marked", nil, blob, blob, nil, false},
		{"no such codec, asked once", "marked", seq(localGet(reply), when(unreachable), returnTranscoded(i32Const(0), i32Const(0), i32Const(0))), blob, blob, nil, false},
		{"a status", "marked", seq(
			i32Const(resultAt), i32Const(1), store8(0), i32Const(resultAt), i32Const(13), store(4),
			i32Const(resultAt), i32Const(textAt), store(8), i32Const(resultAt), i32Const(4), store(12), i32Const(resultAt), i32Const(0), store(20),
			i32Const(resultAt),
		), blob, nil, status.New(codes.Internal, "text"), false},
		{"a trap", "marked", unreachable, blob, nil, status.New(codes.Internal, ""), true},
		{"an address that is none", "marked", returnTranscoded(i32Const(0xfffffff0), i32Const(0x20), i32Const(1)), blob, nil, status.New(codes.Internal, ""), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newGuestModule(&wasm{}, methodCode{"front#echo", returnBlob(localGet(0), localGet(1))}, methodCode{"front#act", unreachable})
			w.bytes(textAt, []byte("text"))
			if tt.export != nil {
				w.function(codecsExport, i32s(9, 1), 0, tt.export)
				w.function("cabi_post_"+codecsExport, i32s(1, 0), 0, i32Const(heapAt), globalSet(0))
			}
			s := serve(t, newApp(t, guests{{Function{Name: "front", Exports: []string{"test.Front"}}, w.binary()}}), Options{MaxInstances: 1})
			inst := s.functions["front"].pool.idle[0]
			call := func(codec string, request []byte) ([]byte, error) {
				var got []byte
				err := s.conn.Invoke(t.Context(), "/test.Front/Echo", &request, &got, grpc.ForceCodecV2(namedCodec{rawCodec{encoding.GetCodecV2("proto")}, codec}))
				return got, err
			}
			got, err := call(tt.codec, tt.request)
			st := status.Convert(err)
			if !bytes.Equal(got, tt.want) || st.Code() != tt.st.Code() || tt.st.Message() != "" && st.Message() != tt.st.Message() {
				t.Errorf("got %q, %v", got, err)
			}
			if dead := len(s.functions["front"].pool.idle) == 0 || s.functions["front"].pool.idle[0] != inst; dead != tt.dies {
				t.Errorf("the instance was replaced: %v", dead)
			}
			if got, err := call("proto", blob); err != nil || !bytes.Equal(got, blob) {
				t.Errorf("afterwards: %q, %v", got, err)
			}
		})
	}
}

// What package protocol writes and reads is what the declaration says.
func TestTranscodingFile(t *testing.T) {
	fd, err := protodesc.NewFile(transcodingFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := dynamicpb.NewMessage(fd.Messages().ByName("Transcoding"))
	sent := protocol.Transcoding{Codec: "json", Method: "/s/m", Reply: true, Data: []byte("{}")}
	if err := proto.Unmarshal(sent.Append(nil), in); err != nil {
		t.Fatal(err)
	}
	again, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.ParseTranscoding(again)
	if err != nil || got.Codec != sent.Codec || got.Method != sent.Method || got.Reply != sent.Reply || !bytes.Equal(got.Data, sent.Data) || len(in.GetUnknown()) > 0 {
		t.Errorf("got %+v, %v of %v", got, err, in)
	}
	out := dynamicpb.NewMessage(fd.Messages().ByName("Transcoded"))
	done := protocol.Transcoded{Data: []byte("{}"), Done: true}
	if err := proto.Unmarshal(done.Append(nil), out); err != nil {
		t.Fatal(err)
	}
	if again, err = proto.Marshal(out); err != nil {
		t.Fatal(err)
	}
	if got, err := protocol.ParseTranscoded(again); err != nil || !got.Done || !bytes.Equal(got.Data, done.Data) || len(out.GetUnknown()) > 0 {
		t.Errorf("got %+v, %v of %v", got, err, out)
	}
	for _, b := range []string{"\x0a", "\x0a\x05x", "\x10", "\x0d\x00\x00\x00\x00", "\x00"} {
		if _, err := protocol.ParseTranscoded([]byte(b)); err == nil {
			t.Errorf("%q has no error", b)
		}
	}
}

// transportStream has a content-subtype, as those of grpc-go's transport have.
type transportStream struct {
	grpc.ServerTransportStream
	subtype string
}

func (s transportStream) ContentSubtype() string { return s.subtype }

func TestCodecOf(t *testing.T) {
	m := &exportMethod{method: &method{full: "/s/m"}, fn: &function{codecs: &codecs{}}}
	for subtype, want := range map[string]bool{
		"": false, "proto": false, "json": true, "JSON": true, strings.Repeat("x", maxSubtype): true, strings.Repeat("x", maxSubtype+1): false, "\xff": false,
	} {
		ctx := grpc.NewContextWithServerTransportStream(t.Context(), transportStream{subtype: subtype})
		if got := m.codecOf(ctx); (got != nil) != want || want && got.subtype != subtype {
			t.Errorf("%.20q: got %+v", subtype, got)
		}
	}
	if m.codecOf(t.Context()) != nil {
		t.Error("a call without a transport has a codec")
	}
	json := grpc.NewContextWithServerTransportStream(t.Context(), transportStream{subtype: "json"})
	if m.fn.codecs.missing.Store(true); m.codecOf(json) != nil {
		t.Error("a guest without the export has a codec")
	}
	if m.fn.codecs = nil; m.codecOf(json) != nil {
		t.Error("a function that is not public has a codec")
	}
}

// A host is not closed while a guest still decodes for a client that has gone. Without that the process dies, as the guest's memory is gone.
func TestFront_codecsClose(t *testing.T) {
	const rounds, left = 200_000_000, 9
	w := newGuestModule(&wasm{})
	for _, m := range []string{"up", "down", "both"} {
		w.function("proto:test/flow#"+m, i32s(1, 1), 0, i32Const(resultAt)) // ends at once, well
	}
	w.function(codecsExport, i32s(9, 1), 1,
		i32Const(rounds), localSet(left),
		forever(
			i32Const(pageSize-4), load(0), drop,
			localGet(left), i32Const(1), sub, localSet(left),
			localGet(left), eqz, when(returnTranscoded(i32Const(0), i32Const(0), i32Const(0)), code{0x0f}),
		),
		unreachable)
	s := serve(t, newApp(t, guests{{Function{Name: "flow", Exports: []string{"test.Flow"}}, w.binary()}}), Options{MaxInstances: 2})
	message := []byte("message")
	busy := func() bool { return s.functions["flow"].pool.stats().Busy > 0 }
	for range 1000 {
		stream, err := s.conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/test.Flow/Both",
			grpc.ForceCodecV2(namedCodec{rawCodec{encoding.GetCodecV2("proto")}, "slow"}))
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.SendMsg(&message) // the call may be over, and its message never read
		time.Sleep(time.Millisecond)
		if busy() {
			return
		}
	}
	t.Fatal("no message was ever read")
}
