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
func (r Record) PutS32(off uintptr, v int32)   { *(*int32)(r.ptr(off)) = v }
func (r Record) PutU32(off uintptr, v uint32)  { *(*uint32)(r.ptr(off)) = v }
func (r Record) PutS64(off uintptr, v int64)   { *(*int64)(r.ptr(off)) = v }
func (r Record) PutU64(off uintptr, v uint64)  { *(*uint64)(r.ptr(off)) = v }
func (r Record) PutF32(off uintptr, v float32) { *(*uint32)(r.ptr(off)) = math.Float32bits(v) }
func (r Record) PutF64(off uintptr, v float64) { *(*uint64)(r.ptr(off)) = math.Float64bits(v) }

// Bool and its siblings load the value at an offset.
func (r Record) Bool(off uintptr) bool   { return *(*uint8)(r.ptr(off)) != 0 }
func (r Record) U8(off uintptr) uint8    { return *(*uint8)(r.ptr(off)) }
func (r Record) S32(off uintptr) int32   { return *(*int32)(r.ptr(off)) }
func (r Record) U32(off uintptr) uint32  { return *(*uint32)(r.ptr(off)) }
func (r Record) S64(off uintptr) int64   { return *(*int64)(r.ptr(off)) }
func (r Record) U64(off uintptr) uint64  { return *(*uint64)(r.ptr(off)) }
func (r Record) F32(off uintptr) float32 { return math.Float32frombits(*(*uint32)(r.ptr(off))) }
func (r Record) F64(off uintptr) float64 { return math.Float64frombits(*(*uint64)(r.ptr(off))) }

// Clear zeroes the size bytes at an offset: the payload of a case that is not the active one.
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

// PutStrings lowers a list of strings; their bytes stay in place.
func PutStrings(s *Scratch, r Record, off uintptr, v []string) {
	PutEach(s, r, off, v, stringSize, func(_ *Scratch, e Record, v string) { e.PutString(0, v) })
}

// Strings lifts a list of strings.
func Strings(r Record, off uintptr) []string {
	return Each(r, off, stringSize, func(e Record) string { return e.String(0) })
}

// PutBytesList lowers a list of byte slices; their bytes stay in place.
func PutBytesList(s *Scratch, r Record, off uintptr, v [][]byte) {
	PutEach(s, r, off, v, stringSize, func(_ *Scratch, e Record, b []byte) { e.PutBytes(0, b) })
}

// BytesList lifts a list of byte slices. An empty element is an empty slice and not nil, as protobuf-go's Unmarshal makes it.
func BytesList(r Record, off uintptr) [][]byte {
	return Each(r, off, stringSize, func(e Record) []byte {
		if b := e.Bytes(0); b != nil {
			return b
		}
		return []byte{}
	})
}

// PutEach lowers a list whose elements are records of size bytes.
func PutEach[T any](s *Scratch, r Record, off uintptr, v []T, size uint32, lower func(*Scratch, Record, T)) {
	if len(v) == 0 {
		r.putList(off, nil, 0)
		return
	}
	e := s.Record(size * uint32(len(v)))
	r.putList(off, e.p, len(v))
	for i, x := range v {
		lower(s, e.At(uintptr(i)*uintptr(size)), x)
	}
}

// Each lifts a list whose elements are records of size bytes.
func Each[T any](r Record, off uintptr, size uint32, lift func(Record) T) []T {
	n := r.U32(off + 4)
	if n == 0 {
		return nil
	}
	e := Record{pointer(r.U32(off))}
	v := make([]T, n)
	for i := range v {
		v[i] = lift(e.At(uintptr(i) * uintptr(size)))
	}
	return v
}
