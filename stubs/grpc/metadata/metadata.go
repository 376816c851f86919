// Package metadata stands in for google.golang.org/grpc/metadata in a guest: the key-value pairs that travel beside
// a message. This file has the map; context.go has its way in and out of contexts.
package metadata

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MD maps keys to lists of values. Make one with [New] or [Pairs], which turn keys to lower case: a key consists of
// digits, letters and "-_.". Values of keys that end in "-bin" are arbitrary bytes, all others printable ASCII.
// Some keys that start with "grpc-" are reserved and do not travel.
type MD map[string][]string

// New returns an MD with one value per key.
func New(m map[string]string) MD {
	md := make(MD, len(m))
	for k, v := range m {
		md.Append(k, v)
	}
	return md
}

// Pairs returns an MD from alternating keys and values. It panics when the number of arguments is odd.
func Pairs(kv ...string) MD {
	if len(kv)%2 != 0 {
		panic(fmt.Sprintf("metadata: Pairs got the odd number of input pairs for metadata: %d", len(kv)))
	}
	md := make(MD, len(kv)/2)
	for i := 0; i < len(kv); i += 2 {
		md.Append(kv[i], kv[i+1])
	}
	return md
}

// Join returns the union of mds. Values of a key that is in several of them are concatenated in the order of mds.
func Join(mds ...MD) MD {
	out := MD{}
	for _, md := range mds {
		for k, v := range md {
			out[k] = append(out[k], v...)
		}
	}
	return out
}

// Len returns the number of keys.
func (md MD) Len() int { return len(md) }

// Copy returns a deep copy.
func (md MD) Copy() MD {
	out := make(MD, len(md))
	for k, v := range md {
		out[k] = copyOf(v)
	}
	return out
}

// Get returns the values of k in lower case. The slice is md's own.
func (md MD) Get(k string) []string { return md[strings.ToLower(k)] }

// Set makes vals the values of k in lower case, without copying them. Without vals it does nothing.
func (md MD) Set(k string, vals ...string) {
	if len(vals) != 0 {
		md[strings.ToLower(k)] = vals
	}
}

// Append adds vals to the values of k in lower case.
func (md MD) Append(k string, vals ...string) {
	if len(vals) != 0 {
		k = strings.ToLower(k)
		md[k] = append(md[k], vals...)
	}
}

// Delete removes k in lower case.
func (md MD) Delete(k string) { delete(md, strings.ToLower(k)) }

// String returns a form for logs, in which only protocol headers are spelled out: any other entry may be a secret,
// so those are only counted. Convert to map[string][]string to print everything.
func (md MD) String() string {
	keys := slices.Sorted(maps.Keys(md))
	keys = slices.DeleteFunc(keys, func(k string) bool { return !loggable(k) })

	var b strings.Builder
	b.WriteString("map[")
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%s:%v", k, md[k])
	}
	if hidden := len(md) - len(keys); hidden > 0 {
		if len(keys) > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "<%d redacted>", hidden)
	}
	b.WriteByte(']')
	return b.String()
}

// loggable reports whether k is a header of the protocol, whose values give nothing away.
func loggable(k string) bool {
	switch strings.ToLower(k) {
	case "content-type", "te", "user-agent", "grpc-encoding", "grpc-accept-encoding", "grpc-timeout", "grpc-status",
		"grpc-message-type", "grpc-previous-rpc-attempts", "grpc-retry-pushback-ms":
		return true
	}
	return false
}

// DecodeKeyValue returns k, v, nil.
//
// Deprecated: use k and v.
func DecodeKeyValue(k, v string) (string, string, error) { return k, v, nil }

func copyOf(v []string) []string {
	out := make([]string, len(v))
	copy(out, v)
	return out
}
