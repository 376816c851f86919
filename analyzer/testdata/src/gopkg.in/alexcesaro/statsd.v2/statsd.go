// Package statsd has signatures of the library of this path.
package statsd

type Client struct{}
type Option func()

func New(opts ...Option) (*Client, error) { return nil, nil }
func Address(addr string) Option          { return nil }
