//go:build !wasip1

// Package coop holds what sync/atomic is for, at the price that it has in a guest: none. A guest runs on one thread and
// its goroutines switch only where they block or allocate, while an atomic operation costs it two calls into the runtime.
// Natively, where the stubs are tested, the types are those of sync/atomic.
package coop

import "sync/atomic"

// Single says that goroutines cannot run at the same time.
const Single = false

type (
	Int32          = atomic.Int32
	Bool           = atomic.Bool
	Pointer[T any] = atomic.Pointer[T]
)
