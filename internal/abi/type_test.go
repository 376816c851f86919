package abi

import (
	"reflect"
	"slices"
	"testing"
)

// field makes records readable.
func field(t *Type) Field { return Field{Type: t} }

func recordOf(types ...*Type) *Type {
	var fields []Field
	for _, t := range types {
		fields = append(fields, field(t))
	}
	return RecordOf(fields...)
}

// layouts are worked out by hand from the functions alignment, elem_size and flatten_type of CanonicalABI.md.
var layouts = []struct {
	name        string
	typ         *Type
	size, align uint32
	flat        []Core
	offsets     []uint32 // of the fields of a record
	payload     uint32   // of a variant
	pointers    bool
	// discriminant of a variant; 0 means 1.
	discriminant uint32
}{
	{name: "bool", typ: BoolType, size: 1, align: 1, flat: []Core{I32}},
	{name: "u8", typ: U8Type, size: 1, align: 1, flat: []Core{I32}},
	{name: "u32", typ: U32Type, size: 4, align: 4, flat: []Core{I32}},
	{name: "s32", typ: S32Type, size: 4, align: 4, flat: []Core{I32}},
	{name: "u64", typ: U64Type, size: 8, align: 8, flat: []Core{I64}},
	{name: "s64", typ: S64Type, size: 8, align: 8, flat: []Core{I64}},
	{name: "f32", typ: F32Type, size: 4, align: 4, flat: []Core{CoreF32}},
	{name: "f64", typ: F64Type, size: 8, align: 8, flat: []Core{CoreF64}},
	{name: "string", typ: StringType, size: 8, align: 4, flat: []Core{I32, I32}, pointers: true},
	{name: "list<u8>", typ: BytesType, size: 8, align: 4, flat: []Core{I32, I32}, pointers: true},
	{name: "list<u64>", typ: ListOf(U64Type), size: 8, align: 4, flat: []Core{I32, I32}, pointers: true},
	{name: "list<list<string>>", typ: ListOf(ListOf(StringType)), size: 8, align: 4, flat: []Core{I32, I32}, pointers: true},

	{name: "record of one", typ: recordOf(U8Type), size: 1, align: 1, flat: []Core{I32}, offsets: []uint32{0}},
	{name: "padding between fields", typ: recordOf(U8Type, U64Type), size: 16, align: 8, flat: []Core{I32, I64}, offsets: []uint32{0, 8}},
	{name: "padding at the end", typ: recordOf(U64Type, U8Type), size: 16, align: 8, flat: []Core{I64, I32}, offsets: []uint32{0, 8}},
	{name: "no padding", typ: recordOf(U8Type, BoolType, U8Type, U8Type, F32Type), size: 8, align: 4,
		flat: []Core{I32, I32, I32, I32, CoreF32}, offsets: []uint32{0, 1, 2, 3, 4}},
	{name: "padding between all", typ: recordOf(BoolType, S32Type, BoolType, F64Type, BoolType), size: 32, align: 8,
		flat: []Core{I32, I32, I32, CoreF64, I32}, offsets: []uint32{0, 4, 8, 16, 24}},
	{name: "string between bytes", typ: recordOf(U8Type, StringType, U8Type), size: 16, align: 4, pointers: true,
		flat: []Core{I32, I32, I32, I32}, offsets: []uint32{0, 4, 12}},
	{name: "record in a record", typ: recordOf(U8Type, recordOf(U8Type, U64Type), U8Type), size: 32, align: 8,
		flat: []Core{I32, I32, I64, I32}, offsets: []uint32{0, 8, 24}},

	{name: "option<bool>", typ: OptionOf(BoolType), size: 2, align: 1, payload: 1, flat: []Core{I32, I32}},
	{name: "option<u32>", typ: OptionOf(U32Type), size: 8, align: 4, payload: 4, flat: []Core{I32, I32}},
	{name: "option<f64>", typ: OptionOf(F64Type), size: 16, align: 8, payload: 8, flat: []Core{I32, CoreF64}},
	{name: "option<string>", typ: OptionOf(StringType), size: 12, align: 4, payload: 4, flat: []Core{I32, I32, I32}, pointers: true},
	{name: "option<option<u8>>", typ: OptionOf(OptionOf(U8Type)), size: 3, align: 1, payload: 1, flat: []Core{I32, I32, I32}},
	{name: "enum", typ: VariantOf(nil, nil, nil), size: 1, align: 1, payload: 1, flat: []Core{I32}},
	{name: "enum of 256", typ: VariantOf(make([]*Type, 256)...), size: 1, align: 1, payload: 1, flat: []Core{I32}},
	{name: "257 cases", typ: VariantOf(make([]*Type, 257)...), size: 2, align: 2, payload: 2, flat: []Core{I32}, discriminant: 2},
	{name: "65536 cases", typ: VariantOf(make([]*Type, 65536)...), size: 2, align: 2, payload: 2, flat: []Core{I32}, discriminant: 2},
	{name: "65537 cases", typ: VariantOf(make([]*Type, 65537)...), size: 4, align: 4, payload: 4, flat: []Core{I32}, discriminant: 4},
	{name: "256 cases of bytes", typ: VariantOf(slices.Repeat([]*Type{U8Type}, 256)...), size: 2, align: 1, payload: 1, flat: []Core{I32, I32}},
	{name: "257 cases of bytes", typ: VariantOf(slices.Repeat([]*Type{U8Type}, 257)...), size: 4, align: 2, payload: 2, flat: []Core{I32, I32}, discriminant: 2},
	{name: "65537 cases of bytes", typ: VariantOf(slices.Repeat([]*Type{U8Type}, 65537)...), size: 8, align: 4, payload: 4, flat: []Core{I32, I32}, discriminant: 4},
	{name: "257 cases of u64", typ: VariantOf(slices.Repeat([]*Type{U64Type}, 257)...), size: 16, align: 8, payload: 8, flat: []Core{I32, I64}, discriminant: 2},
	{name: "an option aligns the discriminant in it", typ: OptionOf(VariantOf(make([]*Type, 257)...)), size: 4, align: 2, payload: 2, flat: []Core{I32, I32}},
	{name: "the payload's size is the largest, its alignment too", typ: VariantOf(recordOf(U32Type, U32Type, U32Type), U64Type), size: 24, align: 8,
		payload: 8, flat: []Core{I32, I64, I32, I32}},
	{name: "result<record, string>", typ: ResultOf(recordOf(U64Type, BoolType), StringType), size: 24, align: 8,
		payload: 8, flat: []Core{I32, I64, I32}, pointers: true},
	{name: "result<_, string>", typ: ResultOf(nil, StringType), size: 12, align: 4, payload: 4, flat: []Core{I32, I32, I32}, pointers: true},
	{name: "only the last case has pointers", typ: VariantOf(U32Type, nil, BytesType), size: 12, align: 4, payload: 4,
		flat: []Core{I32, I32, I32}, pointers: true},
}

func TestLayout(t *testing.T) {
	for _, tt := range layouts {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.typ
			if got.Size != tt.size || got.Align != tt.align {
				t.Errorf("got size %d, alignment %d, want %d, %d", got.Size, got.Align, tt.size, tt.align)
			}
			if !slices.Equal(got.Flat, tt.flat) {
				t.Errorf("got core types %v, want %v", got.Flat, tt.flat)
			}
			if got.Pointers != tt.pointers {
				t.Errorf("got pointers: %v, want %v", got.Pointers, tt.pointers)
			}
			if got.Payload != tt.payload {
				t.Errorf("got payload at %d, want %d", got.Payload, tt.payload)
			}
			var discriminant uint32
			if got.Kind == Variant {
				discriminant = max(tt.discriminant, 1)
			}
			if got.Discriminant != discriminant {
				t.Errorf("got a discriminant of %d bytes, want %d", got.Discriminant, discriminant)
			}
			var offsets []uint32
			for _, f := range got.Fields {
				offsets = append(offsets, f.Offset)
			}
			if !slices.Equal(offsets, tt.offsets) {
				t.Errorf("got offsets %d, want %d", offsets, tt.offsets)
			}
		})
	}
}

// The function join of CanonicalABI.md, for all pairs.
func TestJoin(t *testing.T) {
	cores := map[Core]*Type{I32: U32Type, I64: U64Type, CoreF32: F32Type, CoreF64: F64Type}
	for _, tt := range []struct{ a, b, want Core }{
		{I32, I32, I32}, {I64, I64, I64}, {CoreF32, CoreF32, CoreF32}, {CoreF64, CoreF64, CoreF64},
		{I32, CoreF32, I32},
		{I32, I64, I64}, {I32, CoreF64, I64}, {I64, CoreF32, I64}, {I64, CoreF64, I64}, {CoreF32, CoreF64, I64},
	} {
		for _, cases := range [][]*Type{{cores[tt.a], cores[tt.b]}, {cores[tt.b], cores[tt.a]}, {nil, cores[tt.b], cores[tt.a], nil}} {
			if got, want := VariantOf(cases...).Flat, []Core{I32, tt.want}; !slices.Equal(got, want) {
				t.Errorf("cases %v, %v: got %v, want %v", tt.a, tt.b, got, want)
			}
		}
	}
	// Slots are joined one by one, and the longest case sets their number.
	got := VariantOf(recordOf(U32Type, F32Type), recordOf(F32Type, F32Type, F64Type)).Flat
	if want := []Core{I32, I32, CoreF32, CoreF64}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Joining must not write to the types that are joined: they are shared.
func TestJoin_shared(t *testing.T) {
	a, b := recordOf(U32Type, U32Type), recordOf(U64Type, U64Type)
	VariantOf(a, b)
	VariantOf(b, a)
	if !slices.Equal(a.Flat, []Core{I32, I32}) || !slices.Equal(b.Flat, []Core{I64, I64}) {
		t.Errorf("got %v and %v", a.Flat, b.Flat)
	}
}

func TestNewFunc(t *testing.T) {
	result := ResultOf(StringType, StringType)
	var words []*Type
	for range MaxFlatParams - 2 {
		words = append(words, U64Type)
	}
	for _, tt := range []struct {
		name     string
		param    *Type
		indirect bool
		params   []Core
	}{
		{"one", U8Type, false, []Core{I32}},
		{"several", recordOf(StringType, F64Type), false, []Core{I32, I32, CoreF64}},
		{"as many as may be", recordOf(append(words, U32Type, F32Type)...), false, append(slices.Repeat([]Core{I64}, MaxFlatParams-2), I32, CoreF32)},
		{"one more", recordOf(append(words, StringType, F32Type)...), true, []Core{I32}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := NewFunc(tt.param, result)
			if f.Indirect != tt.indirect || !slices.Equal(f.Params(), tt.params) {
				t.Errorf("got %v, indirect: %v; want %v, %v", f.Params(), f.Indirect, tt.params, tt.indirect)
			}
			if f.Param != tt.param || f.Result != result {
				t.Error("the types are not those that were given")
			}
		})
	}
}

// What no caller may ask for. It is a mistake of the program, not of its input.
func TestType_Errors(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func()
		want string
	}{
		{"empty record", func() { RecordOf() }, "abi: record without fields"},
		{"empty variant", func() { VariantOf() }, "abi: variant without cases"},
		{"result in a core value", func() { NewFunc(U8Type, U64Type) }, "abi: a result that fits in a core value is not part of the mapping"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != tt.want {
					t.Errorf("got panic %v, want %s", got, tt.want)
				}
			}()
			tt.make()
		})
	}
}

func TestKind_String(t *testing.T) {
	var got []string
	for k := Bool; k <= Variant+1; k++ {
		got = append(got, k.String())
	}
	want := []string{"bool", "u8", "u16", "u32", "s32", "u64", "s64", "f32", "f64", "string", "list", "record", "variant", "Kind(13)"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
