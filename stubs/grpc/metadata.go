package grpc

import (
	"fmt"
	"strings"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// isReserved reports whether k is a header of the transport, which applications cannot set. Other keys that start with
// "grpc-" travel: tracing uses grpc-trace-bin.
func isReserved(k string) bool {
	if strings.HasPrefix(k, ":") {
		return true
	}
	switch k {
	case "content-type", "user-agent", "te",
		"grpc-message-type", "grpc-encoding", "grpc-message", "grpc-status", "grpc-timeout":
		return true
	}
	return false
}

func lower(k string) string { return strings.ToLower(k) }

// isKeyByte says which bytes keys consist of.
var isKeyByte = func() (is [256]bool) {
	for _, c := range []byte("0123456789abcdefghijklmnopqrstuvwxyz-_.") {
		is[c] = true
	}
	return is
}()

// validatePair checks what gRPC lets into metadata: keys of [0-9a-z-_.], and printable ASCII for values of keys that do
// not end in "-bin".
func validatePair(k string, values ...string) error {
	if k == "" {
		return fmt.Errorf("there is an empty key in the header")
	}
	if k[0] == ':' {
		return nil
	}
	for i := range len(k) {
		if !isKeyByte[k[i]] {
			return fmt.Errorf("header key %q contains illegal characters not in [0-9a-z-_.]", k)
		}
	}
	if strings.HasSuffix(k, "-bin") {
		return nil
	}
	for _, v := range values {
		for i := range len(v) {
			if v[i] < 0x20 || v[i] > 0x7e {
				return fmt.Errorf("header key %q contains value with non-printable ASCII characters", k)
			}
		}
	}
	return nil
}

// isWireKey reports whether HTTP/2 has names like this: tokens without upper case.
func isWireKey(k string) bool {
	for i := range len(k) {
		switch c := k[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return k != ""
}

// isWireValue reports whether HTTP/2 has values like this, as they are sent for a key.
func isWireValue(k, v string) bool {
	if strings.HasSuffix(k, "-bin") {
		return true // in base64
	}
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// validateMD returns an error with a status for metadata that gRPC does not let through.
func validateMD(md metadata.MD) error {
	for k, values := range md {
		if err := validatePair(k, values...); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
	}
	return nil
}

// appendOutgoing checks and appends the outgoing metadata of a context, which may be nil.
func appendOutgoing(pairs []guest.Pair, m *callctx.Metadata) ([]guest.Pair, error) {
	_, err := eachOutgoing(m, func(k, v string) { pairs = append(pairs, guest.Pair{Key: k, Value: v}) })
	if err != nil {
		return nil, err
	}
	return pairs, nil
}

// eachOutgoing checks the outgoing metadata of a context, which may be nil, and calls f for all pairs of it that travel. It reports whether
// these will always be the same: a map the application may change from one call to the next.
func eachOutgoing(m *callctx.Metadata, f func(k, v string)) (fixed bool, err error) {
	if m == nil {
		return true, nil
	}
	if fixed, err = eachOutgoing(m.Before, f); err != nil {
		return false, err
	}
	if m.Set != nil {
		fixed = false
		if err := validateMD(m.Set); err != nil {
			return false, err
		}
		for k, values := range m.Set {
			if !isReserved(k) {
				for _, v := range values {
					f(lower(k), v)
				}
			}
		}
	}
	for i := 0; i < len(m.Added); i += 2 {
		k, v := m.Added[i], m.Added[i+1]
		if err := validatePair(k, v); err != nil {
			return false, status.Error(codes.Internal, err.Error())
		}
		if !isReserved(k) {
			f(k, v)
		}
	}
	return fixed, nil
}
