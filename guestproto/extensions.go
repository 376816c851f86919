package guestproto

import (
	"reflect"
	"unsafe"

	"google.golang.org/protobuf/runtime/protoimpl"
)

// Extensions tells whether messages of type T have extensions, which few have, without the cost of reflection. Make it once per
// type.
type Extensions[T any] struct{ off uintptr }

// ExtensionsOf finds the extensions of T, a generated message struct.
func ExtensionsOf[T any]() Extensions[T] {
	if f, ok := reflect.TypeFor[T]().FieldByName("extensionFields"); ok && f.Type == reflect.TypeFor[protoimpl.ExtensionFields]() {
		return Extensions[T]{f.Offset}
	}
	return Extensions[T]{}
}

// In reports whether m may have extensions.
func (e Extensions[T]) In(m *T) bool {
	return e.off == 0 || len(*(*protoimpl.ExtensionFields)(unsafe.Add(unsafe.Pointer(m), e.off))) > 0
}
