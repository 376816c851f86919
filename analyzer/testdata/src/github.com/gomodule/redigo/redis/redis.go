// Package redis has signatures of the library of this path.
package redis

import (
	"context"
)

type Conn interface{ Close() error }
type DialOption struct{}

func Dial(network, address string, options ...DialOption) (Conn, error) { return nil, nil }
func DialContext(ctx context.Context, network, address string, options ...DialOption) (Conn, error) {
	return nil, nil
}
func DialURL(rawurl string, options ...DialOption) (Conn, error) { return nil, nil }
func DialURLContext(ctx context.Context, rawurl string, options ...DialOption) (Conn, error) {
	return nil, nil
}
