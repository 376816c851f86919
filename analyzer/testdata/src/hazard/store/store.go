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
