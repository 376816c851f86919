package guest

import (
	"math"
	"unsafe"
)

// Record is a value in the canonical ABI's layout in this guest's memory. Offsets come from the generator; a Record is
// valid for the duration of the lift or lower function that it is handed to.
type Record struct{ p unsafe.Pointer }

// At returns the record that is nested at an offset.
func (r Record) At(off uintptr) Record { return Record{unsafe.Add(r.p, off)} }

func (r Record) ptr(off uintptr) unsafe.Pointer { return unsafe.Add(r.p, off) }

// PutBool and its siblings store a value at an offset.
func (r Record) PutBool(off uintptr, v bool)   { *(*bool)(r.ptr(off)) = v }
func (r Record) PutU8(off uintptr, v uint8)    { *(*uint8)(r.ptr(off)) = v }
func (r Record) PutU16(off uintptr, v uint16)  { *(*uint16)(r.ptr(off)) = v }
func (r Record) PutS32(off uintptr, v int32)   { *(*int32)(r.ptr(off)) = v }
func (r Record) PutU32(off uintptr, v uint32)  { *(*uint32)(r.ptr(off)) = v }
func (r Record) PutS64(off uintptr, v int64)   { *(*int64)(r.ptr(off)) = v }
func (r Record) PutU64(off uintptr, v uint64)  { *(*uint64)(r.ptr(off)) = v }
func (r Record) PutF32(off uintptr, v float32) { *(*uint32)(r.ptr(off)) = math.Float32bits(v) }
func (r Record) PutF64(off uintptr, v float64) { *(*uint64)(r.ptr(off)) = math.Float64bits(v) }

// Bool and its siblings load the value at an offset.
func (r Record) Bool(off uintptr) bool   { return *(*uint8)(r.ptr(off)) != 0 }
func (r Record) U8(off uintptr) uint8    { return *(*uint8)(r.ptr(off)) }
func (r Record) U16(off uintptr) uint16  { return *(*uint16)(r.ptr(off)) }
func (r Record) S32(off uintptr) int32   { return *(*int32)(r.ptr(off)) }
func (r Record) U32(off uintptr) uint32  { return *(*uint32)(r.ptr(off)) }
func (r Record) S64(off uintptr) int64   { return *(*int64)(r.ptr(off)) }
func (r Record) U64(off uintptr) uint64  { return *(*uint64)(r.ptr(off)) }
func (r Record) F32(off uintptr) float32 { return math.Float32frombits(*(*uint32)(r.ptr(off))) }
func (r Record) F64(off uintptr) float64 { return math.Float64frombits(*(*uint64)(r.ptr(off))) }

// Clear zeroes the size bytes at an offset: those of an option that is none, or of a variant before its case is stored.
func (r Record) Clear(off, size uintptr) { clear(unsafe.Slice((*byte)(r.ptr(off)), size)) }

// Address is the record's address in linear memory.
func (r Record) Address() uint32 { return address(r.p) }

// Pointer is the record's address as a type that an import or export may have.
func (r Record) Pointer() unsafe.Pointer { return r.p }

// putList stores an address and a count.
func (r Record) putList(off uintptr, p unsafe.Pointer, n int) {
	*(*uint32)(r.ptr(off)) = address(p)
	*(*uint32)(r.ptr(off + 4)) = uint32(n)
}

// PutString lowers s in place: the record then refers to its bytes, which the caller keeps alive.
func (r Record) PutString(off uintptr, s string) {
	r.putList(off, unsafe.Pointer(unsafe.StringData(s)), len(s))
}

// PutBytes lowers b in place, as PutString does.
func (r Record) PutBytes(off uintptr, b []byte) {
	r.putList(off, unsafe.Pointer(unsafe.SliceData(b)), len(b))
}

// String lifts a string by aliasing the inbound arena.
func (r Record) String(off uintptr) string {
	n := r.U32(off + 4)
	if n == 0 {
		return ""
	}
	return unsafe.String((*byte)(pointer(r.U32(off))), int(n))
}

// Bytes lifts a byte slice by aliasing the inbound arena; an empty list gives nil, as protobuf-go's Unmarshal does.
// Its capacity is its length, so that appending to it moves it.
func (r Record) Bytes(off uintptr) []byte {
	return List[byte](r, off)
}

// PresentBytes is Bytes for a value that is there even if it is empty: it is never nil, as that of protobuf-go's Unmarshal is not.
func (r Record) PresentBytes(off uintptr) []byte {
	if b := r.Bytes(off); b != nil {
		return b
	}
	return []byte{}
}

// Len is the number of elements of the list at an offset.
func (r Record) Len(off uintptr) uint32 { return r.U32(off + 4) }

// Boxed is the record that is the one element of the list at an offset.
func (r Record) Boxed(off uintptr) Record { return Record{pointer(r.U32(off))} }

// PutBoxed makes a list of one record of size bytes and returns the record.
func (r Record) PutBoxed(s *Scratch, off, size uintptr) Record {
	e := s.Record(size)
	r.putList(off, e.p, 1)
	return e
}

// New returns a pointer to v, which is how generated messages hold a scalar that has presence.
func New[T any](v T) *T { return &v }

// Scalar is an element type whose Go layout is its canonical layout.
type Scalar interface {
	~bool | ~uint8 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// PutList lowers a list of scalars in place, as PutString does.
func PutList[T Scalar](r Record, off uintptr, v []T) {
	r.putList(off, unsafe.Pointer(unsafe.SliceData(v)), len(v))
}

// List lifts a list of scalars by aliasing the inbound arena, as [Record.Bytes] does.
func List[T Scalar](r Record, off uintptr) []T {
	n := r.U32(off + 4)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(pointer(r.U32(off))), int(n))
}

const stringSize = 8 // of a string or a list in the canonical ABI

// PutStrings lowers a list of strings.
func PutStrings(s *Scratch, r Record, off uintptr, v []string) {
	PutEach(s, r, off, v, stringSize, func(s *Scratch, e Record, v string) { s.PutString(e, 0, v) })
}

// Strings lifts a list of strings.
func Strings(r Record, off uintptr) []string {
	return Each(r, off, stringSize, func(e Record) string { return e.String(0) })
}

// PutBytesList lowers a list of byte slices.
func PutBytesList(s *Scratch, r Record, off uintptr, v [][]byte) {
	PutEach(s, r, off, v, stringSize, func(s *Scratch, e Record, b []byte) { s.PutBytes(e, 0, b) })
}

// BytesList lifts a list of byte slices. An empty element is an empty slice and not nil, as protobuf-go's Unmarshal makes it.
func BytesList(r Record, off uintptr) [][]byte {
	return Each(r, off, stringSize, func(e Record) []byte { return e.PresentBytes(0) })
}

// PutEach lowers a list whose elements are records of size bytes.
func PutEach[T any](s *Scratch, r Record, off uintptr, v []T, size uintptr, lower func(*Scratch, Record, T)) {
	if len(v) == 0 {
		r.putList(off, nil, 0)
		return
	}
	e := s.Record(size * uintptr(len(v)))
	r.putList(off, e.p, len(v))
	for i, x := range v {
		lower(s, e.At(uintptr(i)*size), x)
	}
}

// Each lifts a list whose elements are records of size bytes.
func Each[T any](r Record, off, size uintptr, lift func(Record) T) []T {
	n := r.Len(off)
	if n == 0 {
		return nil
	}
	e := r.Boxed(off)
	v := make([]T, n)
	for i := range v {
		v[i] = lift(e.At(uintptr(i) * size))
	}
	return v
}

// PutMap lowers a map as a list of its entries, which are records of size bytes, in any order.
func PutMap[K comparable, V any](s *Scratch, r Record, off uintptr, m map[K]V, size uintptr, lower func(*Scratch, Record, K, V)) {
	if len(m) == 0 {
		r.putList(off, nil, 0)
		return
	}
	e := s.Record(size * uintptr(len(m)))
	r.putList(off, e.p, len(m))
	i := uintptr(0)
	for k, v := range m {
		lower(s, e.At(i*size), k, v)
		i++
	}
}

// Map lifts a map. Of several entries with one key the last one counts, as in protobuf.
func Map[K comparable, V any](r Record, off, size uintptr, lift func(Record) (K, V)) map[K]V {
	n := r.Len(off)
	if n == 0 {
		return nil
	}
	e := r.Boxed(off)
	m := make(map[K]V, n)
	for i := range uintptr(n) {
		k, v := lift(e.At(i * size))
		m[k] = v
	}
	return m
}
