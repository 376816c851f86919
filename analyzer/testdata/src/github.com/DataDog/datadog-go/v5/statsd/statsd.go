// Package statsd has signatures of the library of this path.
package statsd

type Client struct{}
type Option func()

func New(addr string, options ...Option) (*Client, error) { return nil, nil }
