package abi

import "fmt"

// Kind says what a [Type] is.
type Kind uint8

// The kinds of the interface mapping. Option and result are variants.
const (
	Bool Kind = iota
	U8
	U16
	U32
	S32
	U64
	S64
	F32
	F64
	String
	List
	Record
	Variant
)

var kindNames = [...]string{"bool", "u8", "u16", "u32", "s32", "u64", "s64", "f32", "f64", "string", "list", "record", "variant"}

// String returns the WIT keyword of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Limits of the canonical ABI on flattened signatures.
const (
	// MaxFlatParams is the most core values in which parameters travel; a larger list becomes one pointer.
	MaxFlatParams = 16
	// MaxFlatResults is the most core values in which a result travels; a larger one is written through a pointer.
	MaxFlatResults = 1
)

// Type is a value type with its layout in a 32-bit linear memory. Types are immutable once made and may be shared
// between goroutines.
type Type struct {
	Kind Kind
	// Size and Align are in bytes. Size is a multiple of Align.
	Size, Align uint32
	// Elem is the element of a List.
	Elem *Type
	// Fields are those of a Record, in order, with their offsets.
	Fields []Field
	// Cases are the payloads of a Variant, nil where a case has none. The discriminant is at offset 0.
	Cases []*Type
	// Discriminant is the size of a Variant's discriminant: 1, 2 or 4.
	Discriminant uint32
	// Payload is the offset of every case's payload in a Variant.
	Payload uint32
	// Flat are the core types in which the value travels as a parameter.
	Flat []Core
	// Pointers says whether a value holds addresses, so that a copy into another memory must relocate it.
	Pointers bool
}

// Field is one field of a record.
type Field struct {
	// Name is for messages and tests; layout does not depend on it.
	Name   string
	Type   *Type
	Offset uint32
}

// Core is a core WebAssembly value type.
type Core uint8

// The core value types.
const (
	I32 Core = iota
	I64
	CoreF32
	CoreF64
)

func primitive(k Kind, size uint32, flat Core) *Type {
	return &Type{Kind: k, Size: size, Align: size, Flat: []Core{flat}}
}

// The types without parts that values have. They are shared: never changed, compared by Kind.
var (
	BoolType = primitive(Bool, 1, I32)
	U8Type   = primitive(U8, 1, I32)
	U32Type  = primitive(U32, 4, I32)
	S32Type  = primitive(S32, 4, I32)
	U64Type  = primitive(U64, 8, I64)
	S64Type  = primitive(S64, 8, I64)
	F32Type  = primitive(F32, 4, CoreF32)
	F64Type  = primitive(F64, 8, CoreF64)

	StringType = &Type{Kind: String, Size: 8, Align: 4, Flat: []Core{I32, I32}, Pointers: true}
	BytesType  = ListOf(U8Type)
)

// ListOf returns list<elem>: an address and a count.
func ListOf(elem *Type) *Type {
	return &Type{Kind: List, Size: 8, Align: 4, Elem: elem, Flat: []Core{I32, I32}, Pointers: true}
}

// RecordOf lays out fields in order; their Offset is set. WIT has no empty records, so it panics on none: the mapping
// gives every message at least one field.
func RecordOf(fields ...Field) *Type {
	if len(fields) == 0 {
		panic("abi: record without fields")
	}
	t := &Type{Kind: Record, Align: 1, Fields: fields}
	for i := range fields {
		f := &fields[i]
		f.Offset = alignUp(t.Size, f.Type.Align)
		t.Size = f.Offset + f.Type.Size
		t.Align = max(t.Align, f.Type.Align)
		t.Flat = append(t.Flat, f.Type.Flat...)
		t.Pointers = t.Pointers || f.Type.Pointers
	}
	t.Size = alignUp(t.Size, t.Align)
	return t
}

// VariantOf lays out a variant; a nil case has no payload.
func VariantOf(cases ...*Type) *Type {
	if len(cases) == 0 {
		panic("abi: variant without cases")
	}
	t := &Type{Kind: Variant, Cases: cases, Discriminant: discriminant(len(cases))}
	t.Align = t.Discriminant
	var size uint32
	var flat []Core
	for _, c := range cases {
		if c == nil {
			continue
		}
		t.Align = max(t.Align, c.Align)
		size = max(size, c.Size)
		t.Pointers = t.Pointers || c.Pointers
		for i, f := range c.Flat {
			if i < len(flat) {
				flat[i] = join(flat[i], f)
			} else {
				flat = append(flat, f)
			}
		}
	}
	t.Payload = alignUp(t.Discriminant, t.Align)
	t.Size = alignUp(t.Payload+size, t.Align)
	t.Flat = append([]Core{I32}, flat...)
	return t
}

func discriminant(cases int) uint32 {
	switch {
	case cases <= 1<<8:
		return 1
	case cases <= 1<<16:
		return 2
	default:
		return 4
	}
}

// OptionOf returns option<some>: case 0 is none, case 1 is some.
func OptionOf(some *Type) *Type { return VariantOf(nil, some) }

// ResultOf returns result<ok, err>: case 0 is ok, case 1 is err.
func ResultOf(ok, err *Type) *Type { return VariantOf(ok, err) }

// join is the canonical ABI's rule for a slot that several cases share.
func join(a, b Core) Core {
	switch {
	case a == b:
		return a
	case a == I32 && b == CoreF32, a == CoreF32 && b == I32:
		return I32
	default:
		return I64
	}
}

func alignUp(n, align uint32) uint32 { return (n + align - 1) &^ (align - 1) }

// Func is the core signature of func(request) -> reply under the canonical ABI.
type Func struct {
	Param, Result *Type
	// Indirect says that Param is too wide for core parameters: one address of the value is passed instead.
	Indirect bool
}

// NewFunc returns the signature. Every result of the mapping is wider than one core value, so an export returns the
// address of its result, and an import takes one more parameter, the address to write the result to.
func NewFunc(param, result *Type) *Func {
	if len(result.Flat) <= MaxFlatResults {
		panic("abi: a result that fits in a core value is not part of the mapping")
	}
	return &Func{Param: param, Result: result, Indirect: len(param.Flat) > MaxFlatParams}
}

// Params are the core parameters of the export; the import has the address of the result after them.
func (f *Func) Params() []Core {
	if f.Indirect {
		return []Core{I32}
	}
	return f.Param.Flat
}
