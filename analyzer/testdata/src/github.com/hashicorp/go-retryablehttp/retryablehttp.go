// Package retryablehttp has signatures of the library of this path.
package retryablehttp

import (
	"context"
	"net/http"
)

type Client struct{}
type Request struct{}

func Get(url string) (*http.Response, error)                       { return nil, nil }
func (c *Client) Get(url string) (*http.Response, error)           { return nil, nil }
func NewRequest(method, url string, rawBody any) (*Request, error) { return nil, nil }
func NewRequestWithContext(ctx context.Context, method, url string, rawBody any) (*Request, error) {
	return nil, nil
}
