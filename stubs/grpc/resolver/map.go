package resolver

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// AddressMap is an [AddressMapV2] of anything.
//
// Deprecated: use [AddressMapV2].
type AddressMap = AddressMapV2[any]

// NewAddressMap returns an empty map.
//
// Deprecated: use [NewAddressMapV2].
func NewAddressMap() *AddressMap { return NewAddressMapV2[any]() }

// AddressMapV2 maps addresses to values. Addresses are one if they agree in Addr, ServerName and Attributes. It is not safe for
// concurrent use.
type AddressMapV2[T any] struct {
	entries map[addressKey][]*addressEntry[T] // those of a key differ in Attributes
}

type addressKey struct{ addr, serverName string }

type addressEntry[T any] struct {
	addr  Address
	value T
}

// NewAddressMapV2 returns an empty map.
func NewAddressMapV2[T any]() *AddressMapV2[T] {
	return &AddressMapV2[T]{make(map[addressKey][]*addressEntry[T])}
}

func keyOf(a Address) addressKey { return addressKey{a.Addr, a.ServerName} }

// find returns the index of an address among those of its key, -1 if it is not there.
func (a *AddressMapV2[T]) find(addr Address) int {
	return slices.IndexFunc(a.entries[keyOf(addr)], func(e *addressEntry[T]) bool {
		return e.addr.Attributes.Equal(addr.Attributes)
	})
}

// Get returns the value for an address.
func (a *AddressMapV2[T]) Get(addr Address) (value T, ok bool) {
	if i := a.find(addr); i >= 0 {
		return a.entries[keyOf(addr)][i].value, true
	}
	return value, false
}

// Set sets the value for an address.
func (a *AddressMapV2[T]) Set(addr Address, value T) {
	key := keyOf(addr)
	if i := a.find(addr); i >= 0 {
		a.entries[key][i].value = value
		return
	}
	a.entries[key] = append(a.entries[key], &addressEntry[T]{addr, value})
}

// Delete removes an address.
func (a *AddressMapV2[T]) Delete(addr Address) {
	key := keyOf(addr)
	i := a.find(addr)
	if i < 0 {
		return
	}
	if rest := slices.Delete(a.entries[key], i, i+1); len(rest) > 0 {
		a.entries[key] = rest
	} else {
		delete(a.entries, key)
	}
}

// Len returns the number of addresses.
func (a *AddressMapV2[T]) Len() int {
	n := 0
	for _, list := range a.entries {
		n += len(list)
	}
	return n
}

// All returns all addresses with their values, in no order.
func (a *AddressMapV2[T]) All() iter.Seq2[Address, T] {
	return func(yield func(Address, T) bool) {
		for _, list := range a.entries {
			for _, e := range list {
				if !yield(e.addr, e.value) {
					return
				}
			}
		}
	}
}

// Keys returns all addresses.
func (a *AddressMapV2[T]) Keys() []Address { return keys(a.Len(), a.All()) }

// Values returns all values.
func (a *AddressMapV2[T]) Values() []T { return values(a.Len(), a.All()) }

// EndpointMap maps endpoints to values. Endpoints are one if they have the same addresses, in any order and whatever else is
// said of these. It is not safe for concurrent use.
type EndpointMap[T any] struct {
	entries map[string]endpointEntry[T]
}

type endpointEntry[T any] struct {
	endpoint Endpoint
	value    T
}

// NewEndpointMap returns an empty map.
func NewEndpointMap[T any]() *EndpointMap[T] {
	return &EndpointMap[T]{make(map[string]endpointEntry[T])}
}

// addressesOf returns a string that endpoints have in common if they have the same addresses.
func addressesOf(e Endpoint) string {
	list := make([]string, len(e.Addresses))
	for i, a := range e.Addresses {
		list[i] = strconv.Quote(a.Addr)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Get returns the value for an endpoint.
func (em *EndpointMap[T]) Get(e Endpoint) (value T, ok bool) {
	entry, ok := em.entries[addressesOf(e)]
	return entry.value, ok
}

// Set sets the value for an endpoint. Keys that the map returns have its addresses only.
func (em *EndpointMap[T]) Set(e Endpoint, value T) {
	em.entries[addressesOf(e)] = endpointEntry[T]{Endpoint{Addresses: e.Addresses}, value}
}

// Delete removes an endpoint.
func (em *EndpointMap[T]) Delete(e Endpoint) { delete(em.entries, addressesOf(e)) }

// Len returns the number of endpoints.
func (em *EndpointMap[T]) Len() int { return len(em.entries) }

// All returns all endpoints with their values, in no order.
func (em *EndpointMap[T]) All() iter.Seq2[Endpoint, T] {
	return func(yield func(Endpoint, T) bool) {
		for _, e := range em.entries {
			if !yield(e.endpoint, e.value) {
				return
			}
		}
	}
}

// Keys returns all endpoints.
func (em *EndpointMap[T]) Keys() []Endpoint { return keys(em.Len(), em.All()) }

// Values returns all values.
func (em *EndpointMap[T]) Values() []T { return values(em.Len(), em.All()) }

func keys[K, V any](n int, all iter.Seq2[K, V]) []K {
	list := make([]K, 0, n)
	for k := range all {
		list = append(list, k)
	}
	return list
}

func values[K, V any](n int, all iter.Seq2[K, V]) []V {
	list := make([]V, 0, n)
	for _, v := range all {
		list = append(list, v)
	}
	return list
}
