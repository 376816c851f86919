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
		switch c := k[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		default:
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

// appendOutgoing checks and appends the outgoing metadata of a context.
func appendOutgoing(pairs []guest.Pair, raw callctx.Raw) ([]guest.Pair, error) {
	if err := validateMD(raw.Set); err != nil {
		return nil, err
	}
	pairs = appendPairs(pairs, metadata.MD(raw.Set))
	for _, added := range raw.Added {
		for i := 0; i < len(added); i += 2 {
			k, v := added[i], added[i+1]
			if err := validatePair(k, v); err != nil {
				return nil, status.Error(codes.Internal, err.Error())
			}
			if !isReserved(k) {
				pairs = append(pairs, guest.Pair{Key: k, Value: v})
			}
		}
	}
	return pairs, nil
}
