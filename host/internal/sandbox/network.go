package sandbox

import "github.com/cofaas/cofaas/host/internal/sandbox/broker"

// Network is what the isolates of a function may reach, see [NewNetwork]. It is safe for concurrent use.
type Network = broker.Network

// NetworkConfig is what a [Network] is made of.
type NetworkConfig = broker.Config

// NewNetwork returns the network of a function. It costs nothing until an isolate uses it. Close it when none of them runs any more.
func NewNetwork(c NetworkConfig) *Network { return broker.New(c) }
