// Package options has signatures of the library of this path.
package options

type ClientOptions struct{}

func Client() *ClientOptions                                   { return nil }
func (c *ClientOptions) ApplyURI(uri string) *ClientOptions    { return c }
func (c *ClientOptions) SetHosts(s []string) *ClientOptions    { return c }
func (c *ClientOptions) SetAppName(name string) *ClientOptions { return c }
