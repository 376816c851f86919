package e2e

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/test/e2e/apps/shapes/pb"
)

// modern are values that have to survive the way to Inner and back, by name.
func modern(t *testing.T) map[string]*pb.Modern {
	t.Helper()
	structure, err := structpb.NewStruct(map[string]any{
		"null": nil, "number": 1.5, "text": "é", "flag": true, "list": []any{1.0, "two", []any{}, map[string]any{}},
		"nested": map[string]any{"deeper": map[string]any{"deepest": false}},
	})
	if err != nil {
		t.Fatal(err)
	}
	point := &pb.Point{X: math.MinInt32, Y: math.Inf(-1), Name: proto.String("")}
	packed, err := anypb.New(&pb.Modern{Choice: &pb.Modern_Point{Point: point}, Any: &anypb.Any{TypeUrl: "x/unknown.Type", Value: []byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	at := &timestamppb.Timestamp{Seconds: -62135596800, Nanos: 999999999}
	deep := &pb.Modern{Names: []string{"innermost"}}
	for i := range 100 {
		switch i % 4 {
		case 0:
			deep = &pb.Modern{Next: deep}
		case 1:
			deep = &pb.Modern{Choice: &pb.Modern_Self{Self: deep}}
		case 2:
			deep = &pb.Modern{Branches: []*pb.Modern{{}, deep}}
		case 3:
			deep = &pb.Modern{Children: map[string]*pb.Modern{"only": deep}}
		}
	}
	out := map[string]*pb.Modern{
		"zero": {},
		"presence": {
			MaybeFlag: proto.Bool(false), MaybeNumber: proto.Int64(0), MaybeText: proto.String(""), MaybeRaw: []byte{}, MaybeColor: pb.Color(0).Enum(),
			Next: &pb.Modern{}, Structure: &structpb.Struct{}, Any: &anypb.Any{}, At: &timestamppb.Timestamp{}, Took: &durationpb.Duration{},
			Wrapped: &wrapperspb.StringValue{}, Legacy: &pb.Legacy{Id: proto.String("")},
		},
		"values": {
			MaybeFlag: proto.Bool(true), MaybeNumber: proto.Int64(math.MinInt64), MaybeText: proto.String("世界"), MaybeRaw: []byte{0}, MaybeColor: pb.Color(77).Enum(),
			Second: &pb.Modern_Word{Word: "w"},
		},
		"maps": {
			Counts: map[string]int64{"": -1, "a": math.MaxInt64, "b": 0},
			Points: map[int32]*pb.Point{-1: point, 0: {}, math.MaxInt32: {Y: math.Pi}},
			Blobs:  map[bool][]byte{false: {}, true: {1, 2}},
			Colors: map[uint64]pb.Color{0: pb.Color_COLOR_BLUE, math.MaxUint64: 12},
			Children: map[string]*pb.Modern{
				"empty": {}, "full": {Counts: map[string]int64{"x": 1}, Children: map[string]*pb.Modern{"grandchild": {}}},
			},
		},
		"recursion": deep,
		"well-known types": {
			Structure: structure, Value: structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNullValue(), structpb.NewStructValue(structure)}}),
			Any: packed, Anys: []*anypb.Any{{}, packed}, At: at, Times: []*timestamppb.Timestamp{at, {}, timestamppb.New(time.Unix(1e9, 5))},
			Took: &durationpb.Duration{Seconds: -1, Nanos: -1}, Wrapped: wrapperspb.String("wrapped"),
		},
		"proto2 inside": {Legacy: legacy()["everything"]},
	}
	for name, m := range map[string]*pb.Modern{
		"flag": {Choice: &pb.Modern_Flag{}}, "share": {Choice: &pb.Modern_Share{Share: math.SmallestNonzeroFloat32}},
		"large": {Choice: &pb.Modern_Large{Large: math.MaxUint64}}, "text": {Choice: &pb.Modern_Text{}}, "raw": {Choice: &pb.Modern_Raw{Raw: []byte{}}},
		"color": {Choice: &pb.Modern_Color{Color: pb.Color_COLOR_BLUE}}, "point": {Choice: &pb.Modern_Point{Point: &pb.Point{}}},
		"self":  {Choice: &pb.Modern_Self{Self: &pb.Modern{Choice: &pb.Modern_Text{Text: "inner"}}}},
		"since": {Choice: &pb.Modern_Since{Since: at}},
	} {
		out["choice "+name] = m
	}
	long := &pb.Modern{}
	for i := range 10_000 {
		long.Line = append(long.Line, &pb.Point{X: int32(i), Y: 1 / float64(i+1), Name: proto.String(fmt.Sprint(i))})
		long.Names = append(long.Names, strings.Repeat("n", i%7))
		if i%10 == 0 {
			long.Branches = append(long.Branches, &pb.Modern{Second: &pb.Modern_Number{Number: int32(i)}})
			long.Times = append(long.Times, &timestamppb.Timestamp{Seconds: int64(i)})
		}
	}
	out["10000 elements"] = long

	unknown := &pb.Modern{Next: &pb.Modern{}, Choice: &pb.Modern_Point{Point: &pb.Point{}}, Points: map[int32]*pb.Point{1: {}}, Line: []*pb.Point{{}}}
	for i, m := range []proto.Message{unknown, unknown.Next, unknown.GetPoint(), unknown.Points[1], unknown.Line[0]} {
		m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), uint64(i)))
	}
	out["unknown fields"] = unknown
	return out
}

// legacy are values of proto2 that have to survive.
func legacy() map[string]*pb.Legacy {
	everything := &pb.Legacy{
		Id: proto.String("id"), Answer: proto.Int32(42), Greeting: proto.String("\xff is not UTF-8, which proto2 takes"), Metal: pb.Metal_METAL_TIN.Enum(),
		Box:   &pb.Legacy_Box{Width: proto.Int32(-1), Label: []byte{}},
		Parts: []*pb.Legacy{{Id: proto.String("part"), Parts: []*pb.Legacy{{Id: proto.String("part of it")}}}}, Packed: []int32{1, -1, math.MaxInt32},
		Named: map[string]*pb.Legacy{"x": {Id: proto.String("")}},
	}
	proto.SetExtension(everything, pb.E_Nickname, "nick")
	proto.SetExtension(everything, pb.E_Cousins, []*pb.Legacy{{Id: proto.String("c1")}, {Id: proto.String("c2"), Box: &pb.Legacy_Box{Width: proto.Int32(3)}}})
	// 150 is an extension that nobody knows, 7777 is none.
	everything.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(
		protowire.AppendVarint(protowire.AppendTag(nil, 150, protowire.VarintType), 5), 7777, protowire.BytesType), "u"))
	return map[string]*pb.Legacy{
		"only what is required": {Id: proto.String("")},
		"everything":            everything,
		// protobuf-go takes any number for a closed enum.
		"closed enum": {Id: proto.String("closed enum"), Metal: pb.Metal(9).Enum()},
	}
}

func TestShapes(t *testing.T) {
	both(t, shapes, func(t *testing.T, sys *system) {
		client := pb.NewOuterClient(sys.conn)
		equal := func(name string, in, got proto.Message, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if !proto.Equal(in, got) {
				t.Errorf("%s (-sent +got):\n%.2000s", name, cmp.Diff(in, got, protocmp.Transform()))
			}
		}
		for name, in := range modern(t) {
			got, err := client.Echo(t.Context(), in)
			equal(name, in, got, err)
		}
		for name, in := range legacy() {
			got, err := client.EchoLegacy(t.Context(), in)
			equal(name, in, got, err)
		}
		r := rand.New(rand.NewPCG(5, 6))
		for i := range 100 {
			in := &pb.Modern{}
			fillPoints(in, r)
			got, err := client.Echo(t.Context(), in)
			equal(fmt.Sprintf("message %d", i), in, got, err)
		}
	})
}

// fillPoints makes a message with as many elements as chance has it, so that one call's are not those of the next.
func fillPoints(m *pb.Modern, r *rand.Rand) {
	m.Points, m.Counts = map[int32]*pb.Point{}, map[string]int64{}
	for range r.IntN(200) {
		p := &pb.Point{X: int32(r.Uint32()), Y: r.NormFloat64()}
		if r.IntN(2) == 0 {
			p.Name = proto.String(strings.Repeat("p", r.IntN(30)))
		}
		m.Line, m.Points[int32(r.IntN(100))] = append(m.Line, p), p
		m.Counts[fmt.Sprint(r.IntN(100))] = r.Int64()
	}
	if r.IntN(2) == 0 {
		m.Choice = &pb.Modern_Point{Point: &pb.Point{X: 1}}
	}
	if r.IntN(2) == 0 {
		m.Next = &pb.Modern{}
		fillPoints(m.Next, r)
	}
}

// TestShapes_Seen looks at messages through what Inner sees in them.
func TestShapes_Seen(t *testing.T) {
	both(t, shapes, func(t *testing.T, sys *system) {
		client := pb.NewOuterClient(sys.conn)
		check := func(name string, got *pb.Description, err error, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, got.GetLines()); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
		}
		got, err := client.Describe(t.Context(), &pb.Legacy{Id: proto.String("a")})
		check("defaults", got, err, `id "a"`, `answer 42, set: false`, `greeting "hello", set: false`, `metal METAL_LEAD, set: false`,
			`label "", set: false`, `nickname "", set: false`, `unknown `)
		got, err = client.Describe(t.Context(), legacy()["everything"])
		check("everything", got, err, `id "id"`, `answer 42, set: true`, `greeting "\xff is not UTF-8, which proto2 takes", set: true`, `metal METAL_TIN, set: true`,
			`label "", set: true`, `nickname "nick", set: true`, `unknown b009058ae6030175`, `cousin "c1"`, `cousin "c2"`)
		got, err = client.Describe(t.Context(), legacy()["closed enum"])
		check("closed enum", got, err, `id "closed enum"`, `answer 42, set: false`, `greeting "hello", set: false`, `metal 9, set: true`,
			`label "", set: false`, `nickname "", set: false`, `unknown `)
		all := modern(t)
		got, err = client.Count(t.Context(), all["10000 elements"])
		check("10000 elements", got, err, "10000 points, sum of x 49995000", "choice <nil>", `maybe_text "", set: false`, `maybe_raw "", set: false`)
		got, err = client.Count(t.Context(), all["presence"])
		check("presence", got, err, "0 points, sum of x 0", "choice <nil>", `maybe_text "", set: true`, `maybe_raw "", set: true`)
		got, err = client.Count(t.Context(), all["choice text"])
		check("choice", got, err, "0 points, sum of x 0", "choice *pb.Modern_Text", `maybe_text "", set: false`, `maybe_raw "", set: false`)
	})
}

// TestShapes_Errors has messages that cannot be sent, of a client, of Outer, and of Inner.
func TestShapes_Errors(t *testing.T) {
	both(t, shapes, func(t *testing.T, sys *system) {
		client := pb.NewOuterClient(sys.conn)
		check := func(name string, err error, message string) {
			t.Helper()
			st := status.Convert(err)
			// protobuf-go varies the space after its name from program to program, so that nobody compares texts.
			if got := strings.ReplaceAll(st.Message(), "\u00a0", " "); st.Code() != codes.Internal || got != message {
				t.Errorf("%s: got %v %q, want %v %q", name, st.Code(), got, codes.Internal, message)
			}
		}
		raw := func(method string, wire []byte) error {
			return sys.conn.Invoke(t.Context(), "/shapes.v1.Outer/"+method, wire, new(pb.Description), grpc.ForceCodec(rawCodec{}))
		}
		const unmarshal, marshal = "grpc: failed to unmarshal the received message: ", "grpc: error while marshaling: "
		check("required is missing", raw("Describe", nil), unmarshal+"proto: required field shapes.v1.Legacy.id not set")
		check("required in an element is missing", raw("Describe", []byte{0x0a, 0, 0x42, 0}), unmarshal+"proto: required field shapes.v1.Legacy.id not set")
		check("required in a group is missing", raw("Describe", []byte{0x0a, 0, 0x2b, 0x2c}), unmarshal+"proto: required field shapes.v1.Legacy.Box.width not set")
		check("truncated", raw("Describe", []byte{0x0a, 5}), unmarshal+"proto: cannot parse invalid wire-format data")
		check("not UTF-8", raw("Count", []byte{0x22, 1, 0xff}), unmarshal+"string field contains invalid UTF-8")
		nested := protowire.AppendBytes(protowire.AppendTag(nil, 20, protowire.BytesType), []byte{0x22, 1, 0xff})
		check("not UTF-8 in a field", raw("Count", nested), unmarshal+"string field contains invalid UTF-8")

		fault := func(f pb.Fault) *pb.Modern { return &pb.Modern{Fault: f} }
		_, err := client.Echo(t.Context(), fault(pb.Fault_FAULT_REQUEST))
		check("Outer's request", err, marshal+"string field contains invalid UTF-8")
		_, err = client.Echo(t.Context(), fault(pb.Fault_FAULT_REPLY))
		check("Inner's reply", err, marshal+"string field contains invalid UTF-8")
		legacyFault := func(f pb.Fault) *pb.Legacy { return &pb.Legacy{Id: proto.String("a"), Fault: f.Enum()} }
		_, err = client.EchoLegacy(t.Context(), legacyFault(pb.Fault_FAULT_REQUEST))
		check("Outer's proto2 request", err, marshal+"proto: required field shapes.v1.Legacy.id not set")
		_, err = client.EchoLegacy(t.Context(), legacyFault(pb.Fault_FAULT_REPLY))
		check("Inner's proto2 reply", err, marshal+"proto: required field shapes.v1.Legacy.id not set")

		// And the next calls are none the worse for it.
		in := &pb.Legacy{Id: proto.String("after"), Parts: []*pb.Legacy{{Id: proto.String("part")}}}
		if got, err := client.EchoLegacy(t.Context(), in); err != nil || !proto.Equal(in, got) {
			t.Errorf("afterwards: got %v, %v", got, err)
		}
	})
}
