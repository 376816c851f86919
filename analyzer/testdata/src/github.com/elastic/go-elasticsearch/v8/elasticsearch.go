// Package elasticsearch has signatures of the library of this path.
package elasticsearch

type Client struct{}
type Config struct{ Addresses []string }

func NewClient(cfg Config) (*Client, error) { return nil, nil }
