// Package sockets is what guests have for sockets: descriptors over the host's network, within what a policy allows.
//
// A [Network] is what the instances of one function share: the policy, the limit, the listeners that the operator mapped. A [Table] has
// the descriptors of one instance. Nothing here waits: what cannot go on says [ErrnoAgain], and a table tells its owner when it can.
// Callers pass on what a guest gave: descriptors, lengths, names and addresses may be anything.
//
// Two implementations do the work. On Linux sockets are the kernel's: reads and writes go straight between socket and guest memory, and
// the Go runtime's poller tells of readiness. Elsewhere goroutines pump between connections of package net and bounded buffers. Both pass
// the same tests.
//
// The package knows the standard library and nothing of WebAssembly. Error numbers are those of WASI preview 1, because its callers
// hand them on.
package sockets
