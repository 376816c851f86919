// Package api has signatures of the library of this path.
package api

type Config struct{ Address string }
type Client interface{}

func NewClient(cfg Config) (Client, error) { return nil, nil }
