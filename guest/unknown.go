package guest

import (
	"reflect"
	"unsafe"
)

// UnknownFields gives access to the unknown fields of messages of type T: protobuf bytes that a generated message holds
// in a field which only package reflect can find. Make it once per type; zero means that the type has none.
type UnknownFields[T any] struct{ off uintptr }

// UnknownFieldsOf finds the unknown fields of T, a generated message struct.
func UnknownFieldsOf[T any]() UnknownFields[T] {
	if f, ok := reflect.TypeFor[T]().FieldByName("unknownFields"); ok && f.Type == reflect.TypeFor[[]byte]() {
		return UnknownFields[T]{f.Offset}
	}
	return UnknownFields[T]{}
}

// Get returns the unknown fields of m.
func (u UnknownFields[T]) Get(m *T) []byte {
	if u.off == 0 {
		return nil
	}
	return *(*[]byte)(unsafe.Add(unsafe.Pointer(m), u.off))
}

// Set makes b the unknown fields of m.
func (u UnknownFields[T]) Set(m *T, b []byte) {
	if u.off != 0 {
		*(*[]byte)(unsafe.Add(unsafe.Pointer(m), u.off)) = b
	}
}
