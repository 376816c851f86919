package transcode

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

// schema is testdata/schema.proto, with the table of each message that it declares.
type schema struct {
	files  *protoload.Files
	tables map[protoreflect.FullName]*Message
}

var loadSchema = sync.OnceValues(func() (*schema, error) {
	files, err := protoload.Load(context.Background(), protoload.Options{FS: os.DirFS("testdata")}, "schema.proto")
	if err != nil {
		return nil, err
	}
	d, err := files.FindDescriptorByName("test.Service")
	if err != nil {
		return nil, err
	}
	m, err := model.Build([]protoreflect.ServiceDescriptor{d.(protoreflect.ServiceDescriptor)}, model.Options{})
	if err != nil {
		return nil, err
	}
	s := &schema{files: files, tables: map[protoreflect.FullName]*Message{}}
	var layouts mapping.Layouts
	var tables Tables
	for _, f := range m.Files {
		for _, msg := range f.Messages {
			s.tables[msg.Name] = tables.Message(layouts.Message(msg))
		}
	}
	return s, nil
})

// message returns the table of a message and its descriptor.
func message(t testing.TB, name protoreflect.FullName) (*Message, protoreflect.MessageDescriptor) {
	t.Helper()
	s, err := loadSchema()
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.files.FindDescriptorByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return s.tables[name], d.(protoreflect.MessageDescriptor)
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

// canonical is what protobuf-go makes of wire bytes.
func canonical(md protoreflect.MessageDescriptor, wire []byte) ([]byte, error) {
	m := dynamicpb.NewMessage(md)
	if err := proto.Unmarshal(wire, m); err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// checkAgrees checks that wire bytes are accepted exactly if protobuf-go accepts them, and mean the same to both.
func checkAgrees(t *testing.T, m *Message, md protoreflect.MessageDescriptor, wire []byte) {
	t.Helper()
	want, wantErr := canonical(md, wire)
	got, err := roundTrip(m, wire)
	switch {
	case (err == nil) != (wantErr == nil):
		t.Fatalf("%s: wire %x: got error %v, protobuf-go has %v", md.FullName(), wire, err, wantErr)
	case err != nil:
		if !errors.Is(err, ErrWire) && !errors.Is(err, ErrUTF8) {
			t.Fatalf("%s: wire %x: unexpected kind of error: %v", md.FullName(), wire, err)
		}
	case bytes.Equal(got, want):
	default:
		// dynamicpb keeps a float in a double, which turns signalling NaNs into quiet ones.
		quieted, err := canonical(md, got)
		if err != nil || !bytes.Equal(quieted, want) || len(got) != len(want) {
			t.Fatalf("%s: wire %x:\n got %x\nwant %x", md.FullName(), wire, got, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	m, md := message(t, "test.All")
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		msg := randomMessage(r, md)
		wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg)
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
}

// The bits of special numbers survive. The expectation is written by hand: see checkAgrees for why not by dynamicpb.
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

// randomMessage sets about half of the fields to values that are often at the edges of their range.
func randomMessage(r *rand.Rand, md protoreflect.MessageDescriptor) *dynamicpb.Message {
	m := dynamicpb.NewMessage(md)
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		switch {
		case r.IntN(2) == 0:
		case fd.IsList():
			list := m.Mutable(fd).List()
			for range r.IntN(4) {
				list.Append(randomValue(r, fd))
			}
		default:
			m.Set(fd, randomValue(r, fd))
		}
	}
	if r.IntN(8) == 0 {
		m.SetUnknown([]byte{0xf8, 0x3f, byte(r.IntN(128))}) // field 1023, a varint
	}
	return m
}

func randomValue(r *rand.Rand, fd protoreflect.FieldDescriptor) protoreflect.Value {
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
		return protoreflect.ValueOfMessage(randomMessage(r, fd.Message()))
	}
}
