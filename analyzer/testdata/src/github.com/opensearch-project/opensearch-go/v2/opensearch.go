// Package opensearch has signatures of the library of this path.
package opensearch

type Client struct{}
type Config struct{ Addresses []string }

func NewClient(cfg Config) (*Client, error) { return nil, nil }
