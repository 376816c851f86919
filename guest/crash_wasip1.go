package guest

import _ "unsafe" // for go:linkname

// tracebackCache says how the Go runtime ends a program that panics or fails otherwise. In a library, which a guest is for the linker,
// it aborts instead of exiting, so that a host would see a trap, as of a guest whose code is broken. Natively it exits with code 2, and
// hosts know what an exit means.
//
//go:linkname tracebackCache runtime.traceback_cache
var tracebackCache uint32

// tracebackCrash is the bit that says to abort.
const tracebackCrash = 1

func init() { tracebackCache &^= tracebackCrash }
