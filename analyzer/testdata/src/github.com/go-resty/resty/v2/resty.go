// Package resty has signatures of the library of this path.
package resty

type Client struct{}
type Request struct{}
type Response struct{}

func New() *Client                                               { return nil }
func (c *Client) SetBaseURL(url string) *Client                  { return c }
func (c *Client) SetHostURL(url string) *Client                  { return c }
func (c *Client) R() *Request                                    { return nil }
func (r *Request) Get(url string) (*Response, error)             { return nil, nil }
func (r *Request) Post(url string) (*Response, error)            { return nil, nil }
func (r *Request) Put(url string) (*Response, error)             { return nil, nil }
func (r *Request) Patch(url string) (*Response, error)           { return nil, nil }
func (r *Request) Delete(url string) (*Response, error)          { return nil, nil }
func (r *Request) Execute(method, url string) (*Response, error) { return nil, nil }
