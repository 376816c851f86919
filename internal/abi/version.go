package abi

// Version numbers the contract between hosts and guests: layouts, names of imports and exports, the control block. A generated
// host states the version that it was generated for, so that a mixture of old and new fails at the start and says why.
const Version = 3

// StopGlobal is the name of a mutable i32 that a guest may export. When the host has made it other than zero, the guest traps at its
// next opportunity: guests of the generator have one in each turn of a loop, or nearly so.
const StopGlobal = "cofaas-stop"

// StreamsInterface is what guests with streams import, and FlushImport the function in it, without parameters and results, by which a
// guest says that what it has gathered may be sent. It may be called anywhere.
const (
	StreamsInterface = "cofaas:host/streams"
	FlushImport      = "flush"
)
