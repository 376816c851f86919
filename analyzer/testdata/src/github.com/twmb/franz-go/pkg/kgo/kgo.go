// Package kgo has signatures of the library of this path.
package kgo

type Client struct{}
type Opt interface{}

func SeedBrokers(seeds ...string) Opt        { return nil }
func NewClient(opts ...Opt) (*Client, error) { return nil, nil }
