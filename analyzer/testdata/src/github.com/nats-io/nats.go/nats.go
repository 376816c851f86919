// Package nats has signatures of the library of this path.
package nats

type Conn struct{}
type Option func() error

func Connect(url string, options ...Option) (*Conn, error) { return nil, nil }

const DefaultURL = "nats://127.0.0.1:4222"
