// Package api has signatures of the library of this path.
package api

type Client struct{}
type Config struct{ Address string }

func NewClient(config *Config) (*Client, error) { return nil, nil }
