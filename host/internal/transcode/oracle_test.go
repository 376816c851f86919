package transcode

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/testpb"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// tables returns the tables of all messages that messages reach. They are made as the host makes them, from files that come as data.
func tables(messages ...protoreflect.MessageDescriptor) (map[protoreflect.FullName]*Message, error) {
	m, err := modelOf(messages...)
	if err != nil {
		return nil, err
	}
	out := map[protoreflect.FullName]*Message{}
	var layouts mapping.Layouts
	var tables Tables
	for _, f := range m.Files {
		for _, msg := range f.Messages {
			out[msg.Name] = tables.Message(&layouts, layouts.Message(msg))
		}
	}
	return out, nil
}

// modelOf returns the model of all messages that messages reach.
func modelOf(messages ...protoreflect.MessageDescriptor) (*model.Model, error) {
	fd := &descriptorpb.FileDescriptorProto{
		Name: proto.String("all.proto"), Package: proto.String("all"), Syntax: proto.String("proto3"),
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Service")}},
	}
	var set descriptorpb.FileDescriptorSet
	seen := map[string]bool{}
	var add func(protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		if seen[fd.Path()] {
			return
		}
		seen[fd.Path()] = true
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i))
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
	}
	for _, md := range messages {
		if path := md.ParentFile().Path(); !slices.Contains(fd.Dependency, path) {
			fd.Dependency = append(fd.Dependency, path)
		}
		add(md.ParentFile())
		name := "." + string(md.FullName())
		fd.Service[0].Method = append(fd.Service[0].Method, &descriptorpb.MethodDescriptorProto{
			Name: proto.String(strings.ReplaceAll(name[1:], ".", "_")), InputType: &name, OutputType: &name,
		})
	}
	set.File = append(set.File, fd)
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, err
	}
	d, err := files.FindDescriptorByName("all.Service")
	if err != nil {
		return nil, err
	}
	return model.Build([]protoreflect.ServiceDescriptor{d.(protoreflect.ServiceDescriptor)}, model.Options{}), nil
}

var schema = sync.OnceValues(func() (map[protoreflect.FullName]*Message, error) {
	return tables((&testpb.All{}).ProtoReflect().Descriptor())
})

// message returns the table of a message of testpb and its generated type.
func message(t testing.TB, name protoreflect.FullName) (*Message, protoreflect.MessageType) {
	t.Helper()
	tables, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	mt, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return tables[name], mt
}

const noLimit = 1 << 30

// roundTrip decodes into a memory of the host's own and encodes what is there.
func roundTrip(m *Message, wire []byte) ([]byte, error) {
	var mem link.Buffer
	at, err := Decode(m, wire, &mem, noLimit)
	if err != nil {
		return nil, err
	}
	return Encode(m, mem.Bytes(), at, nil, noLimit)
}

// canonical is what protobuf-go makes of wire bytes. Extensions are unknown fields.
func canonical(mt protoreflect.MessageType, wire []byte) ([]byte, error) {
	m := mt.New().Interface()
	if err := (proto.UnmarshalOptions{Resolver: new(protoregistry.Types)}).Unmarshal(wire, m); err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// said returns the words of an error, which protobuf-go changes at random: it may put a no-break space after "proto:".
func said(err error) string {
	if err == nil {
		return "no error"
	}
	return strings.ReplaceAll(err.Error(), "\u00a0", " ")
}

// checkAgrees checks that wire bytes are accepted exactly if protobuf-go accepts them, are refused in the same words, and mean the
// same to both.
func checkAgrees(t *testing.T, m *Message, mt protoreflect.MessageType, wire []byte) {
	t.Helper()
	want, wantErr := canonical(mt, wire)
	got, err := roundTrip(m, wire)
	// Of several entries of a map that lack required fields, protobuf-go names any.
	var required *RequiredError
	for range 100 + 5*len(wire) {
		if said(err) == said(wantErr) || !errors.As(err, &required) {
			break
		}
		_, wantErr = canonical(mt, wire)
	}
	if said(err) != said(wantErr) {
		t.Fatalf("%s: wire %x: got error %v, protobuf-go has %v", mt.Descriptor().FullName(), wire, err, wantErr)
	}
	if err != nil {
		return
	}
	// What stays encoded is as it came, and maps have their entries in any order; all else is as protobuf-go writes it.
	again, err := canonical(mt, got)
	if err != nil || !bytes.Equal(again, want) {
		t.Fatalf("%s: wire %x:\n got %x, %v\nmeaning %x\nwant %x", mt.Descriptor().FullName(), wire, got, err, again, want)
	}
}

func TestRoundTrip(t *testing.T) {
	tables, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	for name := range tables {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			m, mt := message(t, name)
			r := rand.New(rand.NewPCG(1, 2))
			for i := range 500 {
				msg := randomMessage(r, mt.New(), 5)
				wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg.Interface())
				if err != nil {
					t.Fatal(err)
				}
				got, err := roundTrip(m, wire)
				if err != nil {
					t.Fatalf("message %d: %v\n%v", i, err, msg)
				}
				if !bytes.Equal(got, wire) {
					t.Fatalf("message %d:\n got %x\nwant %x\n%v", i, got, wire, msg)
				}
			}
		})
	}
}

// The bits of special numbers survive.
func TestRoundTrip_floats(t *testing.T) {
	m, _ := message(t, "test.Scalars")
	for _, tt := range []struct {
		name       string
		wire, want []byte
	}{
		{"signalling NaN", []byte{0x15, 0x01, 0x00, 0xa0, 0x7f}, []byte{0x15, 0x01, 0x00, 0xa0, 0x7f}},
		{"minus zero is not the default", []byte{0x15, 0, 0, 0, 0x80}, []byte{0x15, 0, 0, 0, 0x80}},
		{"zero is", []byte{0x15, 0, 0, 0, 0}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := roundTrip(m, tt.wire); err != nil || !bytes.Equal(got, tt.want) {
				t.Errorf("got %x, %v; want %x", got, err, tt.want)
			}
		})
	}
}

// Generated code is the truth, and dynamicpb agrees with it in what the tests here rely on.
func TestDynamic(t *testing.T) {
	m, mt := message(t, "test.All")
	r := rand.New(rand.NewPCG(13, 14))
	for range 100 {
		msg := dynamicpb.NewMessage(mt.Descriptor())
		randomMessage(r, msg, 5)
		wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := roundTrip(m, wire)
		if err != nil {
			t.Fatal(err)
		}
		again := dynamicpb.NewMessage(mt.Descriptor())
		if err := proto.Unmarshal(got, again); err != nil || !proto.Equal(again, msg) {
			t.Fatalf("%v\n got %v\nwant %v", err, again, msg)
		}
	}
}

// randomMessage sets required fields and about half of the others to values that are often at the edges of their range. Below
// depth, only what is required is set.
func randomMessage(r *rand.Rand, m protoreflect.Message, depth int) protoreflect.Message {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		required := fd.Cardinality() == protoreflect.Required
		switch {
		case !required && (depth <= 0 || r.IntN(2) == 0):
		case fd.IsList():
			list := m.Mutable(fd).List()
			for range r.IntN(4) {
				list.Append(randomValue(r, fd, list.NewElement, depth))
			}
		case fd.IsMap():
			entries := m.Mutable(fd).Map()
			for range r.IntN(4) {
				key := randomValue(r, fd.MapKey(), nil, depth)
				entries.Set(key.MapKey(), randomValue(r, fd.MapValue(), entries.NewValue, depth-1))
			}
		default:
			m.Set(fd, randomValue(r, fd, func() protoreflect.Value { return m.NewField(fd) }, depth))
		}
	}
	if r.IntN(8) == 0 {
		m.SetUnknown([]byte{0xf8, 0x3f, byte(r.IntN(128))}) // field 1023, a varint
	}
	return m
}

func randomValue(r *rand.Rand, fd protoreflect.FieldDescriptor, zero func() protoreflect.Value, depth int) protoreflect.Value {
	bits := [...]uint64{r.Uint64(), r.Uint64() >> r.IntN(64), 0, 1, 1 << 31, 1 << 63, math.MaxUint32, math.MaxUint64}[r.IntN(8)]
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(bits&1 != 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(bits))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(bits))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(bits))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(bits))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(bits)
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32([...]float32{r.Float32(), float32(math.NaN()), float32(math.Inf(-1)), math.MaxFloat32}[r.IntN(4)])
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(math.Float64frombits(bits))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString([...]string{"", "text", "日本語", "\x00\U0010ffff"}[r.IntN(4)])
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([][]byte{nil, {0}, {0xff, 0xfe}, make([]byte, r.IntN(300))}[r.IntN(4)])
	default:
		v := zero()
		randomMessage(r, v.Message(), depth-1-r.IntN(2))
		return v
	}
}

// isRefusal says that an error is one of those for a message that is not accepted.
func isRefusal(err error) bool {
	var required *RequiredError
	return errors.Is(err, ErrWire) || errors.Is(err, ErrUTF8) || errors.Is(err, ErrDepth) || errors.As(err, &required)
}
