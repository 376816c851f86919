// Package engine is the seam between the host and what executes guests. The host knows isolates that have an ABI memory,
// export functions and call imports; nothing outside an engine's own package knows how.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cofaas/cofaas/internal/abi"
)

// Engine compiles guests. It is safe for concurrent use.
type Engine interface {
	// Compile prepares a guest. The imports are all that it may call beside the engine's own system interface, of which they may
	// replace functions; name is for messages. The module is closed with the engine.
	Compile(ctx context.Context, name string, code []byte, imports []Import) (Module, error)
	// Close releases all modules. No instance may be in use.
	Close(ctx context.Context) error
}

// Import is a function that the host gives to guests.
type Import struct {
	// Module and Name are as the guest writes them, for instance "prodcon:app/consumer" and "consume".
	Module, Name    string
	Params, Results []abi.Core
	// Func is called with the State of the calling instance and with the parameters at the start of stack; it leaves the
	// results there. It runs on the goroutine of the export that is being executed. An error ends that export: the guest
	// does not go on.
	Func func(state any, stack []uint64) error
}

// ErrDefault is what an import may return that replaces a function of the engine's system interface: the function itself is called.
var ErrDefault = errors.New("engine: default")

// Module is a compiled guest. It is safe for concurrent use.
type Module interface {
	// Instantiate makes an instance, without running anything in it.
	Instantiate(ctx context.Context, cfg Config) (Instance, error)
	// Exports are the names of the exported functions.
	Exports() []string
}

// Config is what an instance is allowed to have. The zero value has nothing: no environment, no files, no network.
type Config struct {
	// Name is the guest's argument zero.
	Name string
	// Args are the other arguments.
	Args []string
	// Env are "KEY=value".
	Env []string
	// Mounts are the files that the guest sees. It cannot change them.
	Mounts         []Mount
	Stdout, Stderr io.Writer
	// MaxMemory limits the linear memory in bytes.
	MaxMemory uint64
	// State is passed to imports.
	State any
}

// Mount is a tree of files.
type Mount struct {
	// Guest is where the guest sees it: an absolute path with slashes.
	Guest string
	// FS is the tree. It is used by several instances at once.
	FS fs.FS
}

// Instance is one isolate. It is used by one goroutine at a time, but its exports may be called from imports that it is
// waiting for.
type Instance interface {
	// Memory is the linear memory as it is now; invalid once the guest runs.
	Memory() []byte
	// Func returns an exported function, or nil.
	Func(name string) Func
	// Stop makes the instance trap soon, if it is running: as soon as one of its loops looks at [abi.StopGlobal], and never
	// if it has none that do. It is safe for concurrent use, and has no effect on an instance that is closed.
	Stop()
	// Close frees the instance. It must not be running.
	Close()
}

// Func is an exported function of an instance.
type Func interface {
	// Call passes the parameters at the start of stack and leaves the results there. After an error, which is a
	// [*TrapError] or an [*ExitError], the instance is broken and can only be closed.
	//
	// A Func is not re-entrant: to call an export from an import while the same export runs, get another Func for it.
	Call(stack []uint64) error
}

// TrapError is the death of an instance: a trap, a host function that refused, or no memory.
type TrapError struct {
	// Cause is the engine's error.
	Cause error
}

func (e *TrapError) Error() string { return "guest trapped: " + e.Cause.Error() }
func (e *TrapError) Unwrap() error { return e.Cause }

// ExitError is a guest that ended itself: os.Exit, or code 2 for a Go panic.
type ExitError struct{ Code uint32 }

func (e *ExitError) Error() string {
	if e.Code == 2 {
		return "guest exited with code 2 (a Go panic, or os.Exit)"
	}
	return fmt.Sprintf("guest exited with code %d", e.Code)
}
