//go:build !linux

package broker

// mappings are for systems with brokers only.
type mappings struct{}

func (*mappings) close() {}
