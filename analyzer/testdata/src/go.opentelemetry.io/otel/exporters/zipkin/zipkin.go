// Package zipkin has signatures of the library of this path.
package zipkin

type Exporter struct{}
type Option interface{}

func New(collectorURL string, opts ...Option) (*Exporter, error) { return nil, nil }
