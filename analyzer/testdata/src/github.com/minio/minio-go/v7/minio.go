// Package minio has signatures of the library of this path.
package minio

type Client struct{}
type Options struct{ Secure bool }

func New(endpoint string, opts *Options) (*Client, error) { return nil, nil }
