// Package attributes stands in for google.golang.org/grpc/attributes in a guest: the key-value pairs that resolvers attach
// to addresses.
package attributes

import (
	"fmt"
	"slices"
	"strings"
)

// Attributes are immutable key-value pairs. A nil *Attributes has none.
//
// Keys are compared as interfaces, so packages should use a type of their own. Values may have a method Equal(any) bool,
// without which they must be comparable for [Attributes.Equal].
type Attributes struct {
	pairs []pair // oldest first, each key once
}

type pair struct{ key, value any }

// New returns attributes with one pair.
func New(key, value any) *Attributes { return (*Attributes)(nil).WithValue(key, value) }

// WithValue returns the pairs of a, and value for key in place of any that a has.
func (a *Attributes) WithValue(key, value any) *Attributes {
	var pairs []pair
	if a != nil {
		pairs = slices.Clone(a.pairs)
	}
	pairs = slices.DeleteFunc(pairs, func(p pair) bool { return p.key == key })
	return &Attributes{append(pairs, pair{key, value})}
}

// Value returns the value for key, nil if there is none.
func (a *Attributes) Value(key any) any {
	if i := a.index(key); i >= 0 {
		return a.pairs[i].value
	}
	return nil
}

func (a *Attributes) index(key any) int {
	if a == nil {
		return -1
	}
	return slices.IndexFunc(a.pairs, func(p pair) bool { return p.key == key })
}

// Equal reports whether a and o have the same pairs. It panics for values that are neither comparable nor have an Equal.
func (a *Attributes) Equal(o *Attributes) bool {
	if a == o {
		return true
	}
	if a == nil || o == nil || len(a.pairs) != len(o.pairs) {
		return false
	}
	for _, p := range a.pairs {
		i := o.index(p.key)
		if i < 0 {
			return false
		}
		if eq, ok := p.value.(interface{ Equal(o any) bool }); ok {
			if !eq.Equal(o.pairs[i].value) {
				return false
			}
		} else if p.value != o.pairs[i].value {
			return false
		}
	}
	return true
}

// String returns a form for logs, the newest pair first. What is neither a string nor a fmt.Stringer is a pointer there.
func (a *Attributes) String() string {
	var list []string
	if a != nil {
		for _, p := range slices.Backward(a.pairs) {
			list = append(list, fmt.Sprintf("%q: %q ", text(p.key), text(p.value)))
		}
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// MarshalJSON returns [Attributes.String], as grpc-go does.
func (a *Attributes) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

func text(x any) string {
	switch x := x.(type) {
	case fmt.Stringer:
		return fmt.Sprint(x) // which survives a nil pointer
	case string:
		return x
	}
	return fmt.Sprintf("<%p>", x)
}
