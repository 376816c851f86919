package host

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cofaas/cofaas/host/internal/testpb"
	"github.com/cofaas/cofaas/internal/abi"
)

var copyMemory = code{0xfc, 0x0a, 0, 0}

func i64Store(offset uint32) code { return uleb(code{0x37, 0}, offset) }

// A request whose cases share core values comes as the canonical ABI joins them.
func TestFront_joined(t *testing.T) {
	const record = resultAt + 8
	w := newGuestModule(&wasm{})
	w.function("proto:test/joined#echo", signature{[]byte{i32, i32, i64, i32, i32, i32}, []byte{i32}}, 0,
		i32Const(resultAt), i32Const(0), store8(0),
		i32Const(record), localGet(0), store8(0), // an option
		i32Const(record), localGet(1), store8(8), // of a variant
		i32Const(record), localGet(2), i64Store(16),
		localGet(1), i32Const(2), sub, eqz, when(i32Const(record), localGet(3), store(20)),
		i32Const(record), localGet(4), store(24),
		i32Const(record), localGet(5), store(28),
		i32Const(resultAt))
	s := serve(t, newApp(t, guests{{Function{Name: "joined", Exports: []string{"test.Joined"}}, w.binary()}}), Options{MaxInstances: 1})
	d, err := s.program.files.FindDescriptorByName("test.Choice")
	if err != nil {
		t.Fatal(err)
	}
	md := d.(protoreflect.MessageDescriptor)
	for range 2 { // a second time after other values
		for _, value := range []string{`{}`, `{"real": 1.5}`, `{"number": "-2"}`, `{"text": "some text"}`, `{"text": ""}`, `{"real": 0}`} {
			in, out := dynamicpb.NewMessage(md), dynamicpb.NewMessage(md)
			if err := protojson.Unmarshal([]byte(value), in); err != nil {
				t.Fatal(err)
			}
			if err := s.conn.Invoke(t.Context(), "/test.Joined/Echo", in, out); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(in, out) {
				t.Errorf("got %v, want %v", out, in)
			}
		}
	}
}

func TestLoadSlots(t *testing.T) {
	record := func(types ...*abi.Type) *abi.Type {
		var fields []abi.Field
		for _, t := range types {
			fields = append(fields, abi.Field{Type: t})
		}
		return abi.RecordOf(fields...)
	}
	either := abi.VariantOf(abi.F32Type, abi.S64Type, abi.StringType, nil, abi.BoolType)
	wide := abi.VariantOf(append(make([]*abi.Type, 256), abi.U32Type, abi.F64Type)...)
	for _, tt := range []struct {
		name  string
		typ   *abi.Type
		bytes string
		want  []uint64
	}{
		{"scalars", record(abi.BoolType, abi.S32Type, abi.U64Type), "01 000000 ffffffff 08 07060504 030201", []uint64{1, 0xffffffff, 0x0102030405060708}},
		{"option that is not set", abi.OptionOf(abi.U32Type), "00 000000 05000000", []uint64{0, 5}},
		{"f32 in 64 bits", either, "00 00000000000000 0000a0ff ffffffff", []uint64{0, 0xffa00000, 0}},
		{"s64", either, "01 00000000000000 feffffffffffffff", []uint64{1, 0xfffffffffffffffe, 0}},
		{"string in 64 bits", either, "02 00000000000000 f0ffffff 05000000", []uint64{2, 0xfffffff0, 5}},
		{"no payload", either, "03 00000000000000 ffffffffffffffff", []uint64{3, 0, 0}},
		{"bool in 64 bits", either, "04 00000000000000 01ffffffffffffff", []uint64{4, 1, 0}},
		{"option of a variant", abi.OptionOf(either), "01 00000000000000 00 00000000000000 0000803f 00000000", []uint64{1, 0, 0x3f800000, 0}},
		{"discriminant of two bytes", wide, "0001 000000000000 07000000 ffffffff", []uint64{256, 7}},
		{"last of many cases", wide, "0101 000000000000 000000000000f03f", []uint64{257, 0x3ff0000000000000}},
		{"variant before a scalar", record(either, abi.U32Type), "03 00000000000000 ffffffffffffffff 09000000 00000000", []uint64{3, 0, 0, 9}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mem, err := hex.DecodeString(strings.ReplaceAll(tt.bytes, " ", ""))
			if err != nil || len(mem) != int(tt.typ.Size) {
				t.Fatalf("%d bytes for a type of %d: %v", len(mem), tt.typ.Size, err)
			}
			got := make([]uint64, len(tt.typ.Flat))
			for i := range got {
				got[i] = 0xa5 // what an earlier call has left
			}
			if loadSlots(tt.typ.Slots(), mem, got); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %x, want %x", got, tt.want)
			}
		})
	}
}

// rawCodec passes wire bytes as *[]byte.
type rawCodec struct{ encoding.CodecV2 }

func (c rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (c rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

func invokeRaw(ctx context.Context, conn *grpc.ClientConn, method string, wire []byte) ([]byte, *status.Status) {
	var reply []byte
	err := conn.Invoke(ctx, method, &wire, &reply, grpc.ForceCodecV2(rawCodec{encoding.GetCodecV2("proto")}), grpc.MaxCallRecvMsgSize(1<<30))
	return reply, status.Convert(err)
}

// requiredServer is what the guests of TestFront_required are, natively.
type requiredServer struct {
	testpb.UnimplementedServiceServer
	careless bool
}

func (s *requiredServer) Check(_ context.Context, in *testpb.Required) (*testpb.Required, error) {
	if s.careless {
		return &testpb.Required{}, nil
	}
	return in, nil
}

// Requests and replies that protobuf does not let pass are refused with the code and the words of a native server, and cost no
// instance.
func TestFront_required(t *testing.T) {
	const whole = "18010a004a050d00000000"
	for _, careless := range []bool{false, true} {
		t.Run(fmt.Sprintf("careless %v", careless), func(t *testing.T) {
			requests := []string{
				whole, "", "1801", "18010a00", whole + "1200", whole + "1202" + "1801", whole + "2324", whole + "230801" + "24",
				whole + "2a00", whole + "2a003801", whole + "420408011200", whole + "4a00", "1a", "0c", "00", whole + "12010c",
				whole + deepRequired(9999), whole + deepRequired(10000),
			}
			type answer struct {
				reply []byte
				*status.Status
			}
			var native []answer
			conn, stop := serveNative(t, &requiredServer{careless: careless})
			for _, wire := range requests {
				reply, st := invokeRaw(t.Context(), conn, "/test.Service/Check", mustUnhex(wire))
				native = append(native, answer{reply, st})
			}
			stop()

			s := serve(t, requiredApp(t, careless), Options{MaxInstances: 1})
			inst := s.functions["required"].pool.idle[0]
			if got := inst.fn.exports[1].Request.Type.Size; got != requiredSize {
				t.Fatalf("test.Required has %d bytes", got)
			}
			for i, wire := range requests {
				want, wantStatus := native[i].reply, native[i].Status
				got, gotStatus := invokeRaw(t.Context(), s.conn, "/test.Service/Check", mustUnhex(wire))
				words := strings.ReplaceAll(wantStatus.Message(), "\u00a0", " ") // protobuf-go puts one there at random
				if gotStatus.Code() != wantStatus.Code() || gotStatus.Message() != words {
					t.Errorf("%.60s: got  %v: %s\nwant %v: %s", wire, gotStatus.Code(), gotStatus.Message(), wantStatus.Code(), words)
				}
				a, b := &testpb.Required{}, &testpb.Required{}
				if gotStatus.Code() != codes.OK {
					continue
				}
				if err := proto.Unmarshal(got, a); err != nil {
					t.Errorf("%.60s: %v", wire, err)
				}
				if err := proto.Unmarshal(want, b); err != nil || !proto.Equal(a, b) {
					t.Errorf("%.60s: got %v, want %v, %v", wire, a, b, err)
				}
			}
			if got := s.functions["required"].pool.idle[0]; got != inst {
				t.Error("the instance was replaced")
			}
		})
	}
}

func mustUnhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// deepRequired is a field next with n messages in each other.
func deepRequired(n int) string {
	whole := []byte{0x18, 1, 0x0a, 0, 0x4a, 5, 0x0d, 0, 0, 0, 0}
	// From the inside out, but written backwards: n prefixes in front of a buffer would take n squared.
	sizes := []int{len(whole)}
	for range n - 1 {
		inner := sizes[len(sizes)-1]
		sizes = append(sizes, len(whole)+1+protowire.SizeVarint(uint64(inner))+inner)
	}
	var b []byte
	for i := n - 1; i >= 0; i-- {
		b = append(protowire.AppendVarint(append(b, 0x12), uint64(sizes[i])), whole...)
	}
	return hex.EncodeToString(b)
}

// requiredSize is the size of test.Required in memory.
const requiredSize = 100

// requiredApp serves test.Service with a guest that echoes, or that answers with nothing that is required.
func requiredApp(t *testing.T, careless bool) *App {
	var set descriptorpb.FileDescriptorSet
	for _, fd := range []protoreflect.FileDescriptor{testpb.File_legacy_proto, testpb.File_edition_proto, testpb.File_delimited_proto, testpb.File_schema_proto} {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
	}
	data, err := proto.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	// More than 16 core values, so they come as an address.
	body := seq(i32Const(resultAt+4), localGet(0), i32Const(requiredSize), copyMemory, i32Const(resultAt))
	if careless {
		body = i32Const(resultAt)
	}
	w := newGuestModule(&wasm{})
	w.function("proto:test/service#check", i32s(1, 1), 0, body)
	w.function("cabi_post_proto:test/service#check", i32s(1, 0), 0, i32Const(heapAt), globalSet(0))
	w.function("proto:test/service#method", i32s(1, 1), 0, unreachable)
	return &App{
		ABI: ABIVersion, Root: "required", Descriptors: data,
		Functions: []Function{{Name: "required", Exports: []string{"test.Service"}}},
		Guests:    fstest.MapFS{"guests/required.wasm": &fstest.MapFile{Data: w.binary()}},
	}
}

// serveNative starts a grpc-go server and returns a client.
func serveNative(t *testing.T, impl testpb.ServiceServer) (conn *grpc.ClientConn, stop func()) {
	server := grpc.NewServer()
	testpb.RegisterServiceServer(server, impl)
	lis := bufconn.Listen(1 << 20)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Serve(lis)
	}()
	conn, err := grpc.NewClient("passthrough:bufconn",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	return conn, func() {
		_ = conn.Close()
		server.Stop()
		<-stopped
	}
}

// A message as large as may be passes, and one that is a byte larger is refused as grpc-go refuses those of more bytes than a
// server takes; the instance lives on.
func TestFront_largeMessages(t *testing.T) {
	const (
		limit = 64 << 20 // that of Options
		data  = limit - 16
	)
	h, err := New(t.Context(), echoApp(t), Options{MaxInstances: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	m := h.functions["alone"].exports[0]
	inst := h.functions["alone"].pool.idle[0]
	wire := protowire.AppendVarint([]byte{0x0a}, data+1)
	wire = append(wire, make([]byte, data+1)...)
	for range 2 {
		if _, st := m.invoke(t.Context(), wire, new(callContext)); st.Code() != codes.ResourceExhausted || st.Message() != "grpc: message larger than max (67108864 bytes)" {
			t.Errorf("got %v", st)
		}
		fits := protowire.AppendVarint([]byte{0x0a}, data)
		fits = append(fits, make([]byte, data)...)
		reply, st := m.invoke(t.Context(), fits, new(callContext))
		if st != nil || !bytes.Equal(reply.bytes(), fits) {
			t.Errorf("%d bytes: got %d, %v", len(fits), len(reply.bytes()), st)
		}
	}
	if h.functions["alone"].pool.idle[0] != inst {
		t.Error("the instance was replaced")
	}
}

// protobuf-go without its tag protolegacy refuses the files of MessageSets, so no native server has one either.
func TestApp_messageSet(t *testing.T) {
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("set.proto"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name:           proto.String("Set"),
			Options:        &descriptorpb.MessageOptions{MessageSetWireFormat: proto.Bool(true)},
			ExtensionRange: []*descriptorpb.DescriptorProto_ExtensionRange{{Start: proto.Int32(4), End: proto.Int32(1 << 30)}},
		}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	app := &App{ABI: ABIVersion, Descriptors: set}
	if _, err := app.link(); err == nil || !strings.Contains(err.Error(), `message "Set" is a MessageSet`) {
		t.Errorf("got %v", err)
	}
}
