//go:build !cofaas_notls

package credentials

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"reflect"
	"unsafe"
)

var errPool = errors.New("the certificates in its pool cannot be read")

// poolPEM returns the certificates of a pool in PEM. Package x509 has no way to ask for them, so this looks at its unexported fields, by
// name, and fails if they are not what they were when this was written; TestPool notices.
func poolPEM(pool *x509.CertPool) (string, error) {
	if pool == nil {
		return "", nil
	}
	list := reflect.ValueOf(pool).Elem().FieldByName("lazyCerts")
	if !list.IsValid() || list.Kind() != reflect.Slice {
		return "", errPool
	}
	var out []byte
	for i := range list.Len() {
		entry := list.Index(i)
		if entry.Kind() != reflect.Struct {
			return "", errPool
		}
		if constraint := entry.FieldByName("constraint"); !constraint.IsValid() || !constraint.IsNil() {
			return "", errPool // a function that decides what the certificate is good for
		}
		field := entry.FieldByName("getCert")
		if !field.IsValid() {
			return "", errPool
		}
		get, ok := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Interface().(*func() (*x509.Certificate, error))
		if !ok || *get == nil {
			return "", errPool
		}
		cert, err := (*get)()
		if err != nil {
			return "", err
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return string(out), nil
}
