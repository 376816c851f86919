// Package coop holds what sync/atomic is for, at the price that it has in a guest: none. A guest runs on one thread and
// its goroutines switch only where they block or allocate, while an atomic operation costs it two calls into the runtime.
// Natively, where the stubs are tested, the types are those of sync/atomic.
package coop

// Single says that goroutines cannot run at the same time.
const Single = true

// Int32 is [sync/atomic.Int32] for one thread.
type Int32 struct{ v int32 }

func (x *Int32) Load() int32           { return x.v }
func (x *Int32) Store(v int32)         { x.v = v }
func (x *Int32) Add(delta int32) int32 { x.v += delta; return x.v }

// Bool is [sync/atomic.Bool] for one thread.
type Bool struct{ v bool }

func (x *Bool) Load() bool   { return x.v }
func (x *Bool) Store(v bool) { x.v = v }

// Pointer is [sync/atomic.Pointer] for one thread.
type Pointer[T any] struct{ v *T }

func (x *Pointer[T]) Load() *T   { return x.v }
func (x *Pointer[T]) Store(v *T) { x.v = v }
