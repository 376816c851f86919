// Package rueidis has signatures of the library of this path.
package rueidis

type Client interface{ Close() }
type ClientOption struct{ InitAddress []string }

func NewClient(option ClientOption) (Client, error) { return nil, nil }
