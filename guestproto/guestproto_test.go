package guestproto

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/gofeaturespb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/cofaas/cofaas/guest"
)

// What travels is compared in test/roundtrip, where addresses fit in the ABI. Here they do not, and lengths have to do.

func record(s *guest.Scratch) guest.Record { return s.Record(16) }

func TestLower(t *testing.T) {
	for _, m := range []proto.Message{
		structpb.NewStringValue("a"),
		&structpb.Value{},
		(*structpb.Value)(nil),
		// A required field may be missing here: that is seen to once, from above.
		&descriptorpb.UninterpretedOption_NamePart{NamePart: proto.String("a")},
	} {
		var s guest.Scratch
		r := record(&s)
		Lower(&s, r, 8, m)
		if got, want := r.Len(8), uint32(proto.Size(m)); got != want || s.TakeError() != nil {
			t.Errorf("%T: got %d bytes, want %d", m, got, want)
		}
	}
}

func TestLower_Errors(t *testing.T) {
	var s guest.Scratch
	bad := structpb.NewStringValue("\xff")
	_, want := proto.Marshal(bad)
	Lower(&s, record(&s), 0, bad)
	if err := CheckLowered(&s, bad); err == nil || err.Error() != want.Error() {
		t.Errorf("got %v, want %v", err, want)
	}
	if err := CheckLowered(&s, structpb.NewStringValue("a")); err != nil {
		t.Errorf("the next message has the error of the last one: %v", err)
	}
	// Noted, although marshalling does not meet it: the message changed meanwhile.
	met := errors.New("met before")
	s.Fail(met)
	if err := CheckLowered(&s, structpb.NewStringValue("a")); err != met {
		t.Errorf("got %v, want %v", err, met)
	}
}

func TestCheckLowered(t *testing.T) {
	part := &descriptorpb.UninterpretedOption_NamePart{NamePart: proto.String("a")}
	for _, m := range []proto.Message{part, (*descriptorpb.UninterpretedOption_NamePart)(nil)} {
		var s guest.Scratch
		_, want := proto.Marshal(m)
		if err := CheckLowered(&s, m); err == nil || err.Error() != want.Error() {
			t.Errorf("got %v, want %v", err, want)
		}
		if err := CheckLifted(m, nil); err == nil || err.Error() != want.Error() {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	met := errors.New("met before")
	if err := CheckLifted(part, met); err != met {
		t.Errorf("got %v, want %v", err, met)
	}
	part.IsExtension = proto.Bool(true)
	if err := CheckLifted(part, nil); err != nil {
		t.Error(err)
	}
}

func TestLowerUnknown(t *testing.T) {
	unknown := []byte{0xf8, 0x7f, 1} // field 2047
	plain := &descriptorpb.FeatureSet{FieldPresence: descriptorpb.FeatureSet_EXPLICIT.Enum()}
	extended := proto.CloneOf(plain)
	proto.SetExtension(extended, gofeaturespb.E_Go, &gofeaturespb.GoFeatures{LegacyUnmarshalJsonEnum: proto.Bool(true)})
	both := proto.CloneOf(extended)
	both.ProtoReflect().SetUnknown(unknown)
	size := uint32(proto.Size(extended) - proto.Size(plain))
	for _, tt := range []struct {
		name string
		m    *descriptorpb.FeatureSet
		want uint32
	}{
		{"neither", plain, 0},
		{"extension", extended, size},
		{"both", both, size + uint32(len(unknown))},
	} {
		var s guest.Scratch
		r := record(&s)
		LowerUnknown(&s, r, 0, protoadapt.MessageV2Of(tt.m))
		if got := r.Len(0); got != tt.want || s.TakeError() != nil {
			t.Errorf("%s: got %d bytes, want %d", tt.name, got, tt.want)
		}
		if got, want := ExtensionsOf[descriptorpb.FeatureSet]().In(tt.m), tt.m != plain; got != want {
			t.Errorf("%s: In reports %t", tt.name, got)
		}
	}
	if !ExtensionsOf[odd]().In(&odd{}) {
		t.Error("a message that does not show its extensions has none")
	}
}

// odd is a message that says it is smaller than it is.
type odd struct{ S string }

func (*odd) Reset()                   {}
func (*odd) String() string           { return "" }
func (*odd) ProtoMessage()            {}
func (*odd) Size() int                { return 1 }
func (*odd) Marshal() ([]byte, error) { return make([]byte, 100), nil }

func TestLower_OwnMarshaller(t *testing.T) {
	var s guest.Scratch
	r := record(&s)
	Lower(&s, r, 0, protoadapt.MessageV2Of(&odd{}))
	if got := r.Len(0); got != 100 {
		t.Errorf("got %d bytes, want 100", got)
	}
}
