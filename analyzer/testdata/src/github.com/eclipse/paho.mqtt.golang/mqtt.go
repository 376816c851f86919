// Package mqtt has signatures of the library of this path.
package mqtt

type ClientOptions struct{}

func NewClientOptions() *ClientOptions                          { return nil }
func (o *ClientOptions) AddBroker(server string) *ClientOptions { return o }
