package guest

import (
	_ "os/signal" // so that its init comes first
	_ "unsafe"    // for go:linkname
)

// watchSignalLoop is what package os/signal starts as a goroutine when signals are asked for. On wasip1, where there are none, it
// waits for them by asking over and over: nothing would ever be idle.
//
// The linker lets nobody have unexported variables of the standard library, unless it is told to with -checklinkname=0.
//
//go:linkname watchSignalLoop os/signal.watchSignalLoop
var watchSignalLoop func()

func init() { watchSignalLoop = nil }
