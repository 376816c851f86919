// Package statsd has signatures of the library of this path.
package statsd

type Statter interface{}
type ClientConfig struct{ Address, Prefix string }

func NewClient(addr, prefix string) (Statter, error)            { return nil, nil }
func NewClientWithConfig(config *ClientConfig) (Statter, error) { return nil, nil }
