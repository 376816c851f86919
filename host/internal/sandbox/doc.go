// Package sandbox starts the programs of native isolates, with no more than what they are granted, and ends them.
//
// It knows nothing of gRPC, channels or functions' life: whoever starts a process waits for it, and starts another.
package sandbox
