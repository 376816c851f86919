// Package elastic has signatures of the library of this path.
package elastic

type Client struct{}
type ClientOptionFunc func(*Client) error

func NewClient(options ...ClientOptionFunc) (*Client, error) { return nil, nil }
func SetURL(urls ...string) ClientOptionFunc                 { return nil }
func SetSniff(enabled bool) ClientOptionFunc                 { return nil }
