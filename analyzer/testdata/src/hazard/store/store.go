// Package store is used by functions; it has nothing to do with gRPC.
package store

import (
	"os"
	"sync"
)

// A Cache remembers.
type Cache struct {
	mu sync.Mutex
	m  map[string]int
}

// Put adds to the cache.
func (c *Cache) Put(key string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[key] = n
}

// Get only reads.
func (c *Cache) Get(key string) int { return c.m[key] }

// Visits counts calls of Visit.
var Visits int

// Visit counts.
func Visit() { Visits++ }

// Unused is called by nobody.
func Unused() {
	os.Remove("x") // ok
	Visits = 0     // ok
}

// Load reads a file.
func Load(name string) []byte {
	data, _ := os.ReadFile(name)
	return data
}

// A Table is generic.
type Table[K comparable, V any] struct{ rows map[K]V }

// Set adds a row.
func (t *Table[K, V]) Set(key K, value V) { t.rows[key] = value }

// Len only reads.
func (t *Table[K, V]) Len() int { return len(t.rows) }

// Assign writes what p refers to.
func Assign[T any](p *T, v T) { *p = v }

// A Bumper counts.
type Bumper struct{ n int }

// Bump counts.
func (b *Bumper) Bump() { b.n++ }
