// Package clientv3 has signatures of the library of this path.
package clientv3

type Client struct{}
type Config struct{ Endpoints []string }

func New(cfg Config) (*Client, error) { return nil, nil }
