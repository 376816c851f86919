package driver

import (
	"math"
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// filler makes random messages.
type filler struct {
	*rand.Rand
	// density is the chance of a field to be set. Required ones nearly always are.
	density float64
	// invalid lets strings be no UTF-8.
	invalid bool
	budget  int
}

var (
	strings = []string{"", "a", "grüße", "\x00", "日本語", "\U0010ffff", "a longer one, which no small allocation holds, and then some"}
	notUTF8 = []string{"\xff", "a\xc0\x80", "\xed\xa0\x80"}
	ints    = []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 1 << 31, 127, 128}
	floats  = []uint64{0, 1 << 63, math.Float64bits(1.5), math.Float64bits(math.Inf(1)), math.Float64bits(math.Inf(-1)), 0x7ff8000000000001, 0x7ff0000000000001, 0xfff8000000000123, 1}
	floats3 = []uint32{0, 1 << 31, math.Float32bits(1.5), 0x7f800000, 0x7fc00001, 0x7f800001, 0xffc12345, 1}
)

func pick[T any](r *filler, from []T) T { return from[r.IntN(len(from))] }

// fill sets fields of m at random.
func (r *filler) fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		r.field(m, fields.Get(i), depth)
	}
	if m.Descriptor().ExtensionRanges().Len() > 0 {
		protoregistry.GlobalTypes.RangeExtensionsByMessage(m.Descriptor().FullName(), func(xt protoreflect.ExtensionType) bool {
			if r.Float64() < 0.1 {
				r.field(m, xt.TypeDescriptor(), depth)
			}
			return true
		})
	}
	if r.Float64() < 0.2*r.density {
		m.SetUnknown(r.unknown(m.Descriptor()))
	}
}

// unknown are fields that the message does not have.
func (r *filler) unknown(md protoreflect.MessageDescriptor) []byte {
	var b []byte
	for range 1 + r.IntN(3) {
		n := protowire.Number(r.IntN(20000) + 1)
		if n >= protowire.FirstReservedNumber && n <= protowire.LastReservedNumber || md.Fields().ByNumber(n) != nil {
			continue
		}
		if _, err := protoregistry.GlobalTypes.FindExtensionByNumber(md.FullName(), n); err == nil {
			continue
		}
		switch r.IntN(4) {
		case 0:
			b = protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), r.Uint64())
		case 1:
			b = protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), []byte(pick(r, strings)))
		case 2:
			b = protowire.AppendFixed32(protowire.AppendTag(b, n, protowire.Fixed32Type), r.Uint32())
		default:
			b = protowire.AppendTag(protowire.AppendTag(b, n, protowire.StartGroupType), n, protowire.EndGroupType)
		}
	}
	return b
}

func (r *filler) field(m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	r.budget--
	chance := r.density
	if fd.Cardinality() == protoreflect.Required {
		chance = 0.995
	} else if r.budget < 0 {
		return
	}
	message := fd.Message() != nil
	if fd.IsMap() {
		message = fd.MapValue().Message() != nil
	}
	if r.Float64() >= chance || message && depth == 0 {
		return
	}
	switch {
	case fd.IsList():
		l := m.Mutable(fd).List()
		for range r.IntN(4) {
			if message {
				r.fill(l.AppendMutable().Message(), depth-1)
			} else {
				l.Append(r.scalar(fd))
			}
		}
	case fd.IsMap():
		entries := m.Mutable(fd).Map()
		for range r.IntN(4) {
			k := r.scalar(fd.MapKey()).MapKey()
			if message {
				r.fill(entries.Mutable(k).Message(), depth-1)
			} else {
				entries.Set(k, r.scalar(fd.MapValue()))
			}
		}
	case message:
		r.fill(m.Mutable(fd).Message(), depth-1)
	default:
		m.Set(fd, r.scalar(fd))
	}
}

func (r *filler) scalar(fd protoreflect.FieldDescriptor) protoreflect.Value {
	i := pick(r, ints)
	if r.IntN(2) == 0 {
		i = int64(r.Uint64())
	}
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(i&1 == 1)
	case protoreflect.EnumKind:
		if vs := fd.Enum().Values(); r.IntN(4) > 0 {
			return protoreflect.ValueOfEnum(vs.Get(r.IntN(vs.Len())).Number())
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(int32(i)))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(i))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(i))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(i)
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(i))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(math.Float32frombits(pick(r, floats3)))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(math.Float64frombits(pick(r, floats)))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(r.text()))
	default:
		return protoreflect.ValueOfString(r.text())
	}
}

func (r *filler) text() string {
	if r.invalid && r.IntN(20) == 0 {
		return pick(r, notUTF8)
	}
	return pick(r, strings)
}
