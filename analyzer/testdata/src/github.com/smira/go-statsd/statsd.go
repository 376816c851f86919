// Package statsd has signatures of the library of this path.
package statsd

type Client struct{}
type Option func()

func NewClient(addr string, options ...Option) *Client { return nil }
