//go:build !wasip1

package guest

// Off Wasm there is no host. Ready and the like do nothing, so that native tests of the stubs can run; a call cannot be
// made up, and panics in the generated import.

func hostReady(network, addr string)                    {}
func hostSetServingStatus(service string, status int32) {}
func fetchMetadata() []Pair                             { return nil }
