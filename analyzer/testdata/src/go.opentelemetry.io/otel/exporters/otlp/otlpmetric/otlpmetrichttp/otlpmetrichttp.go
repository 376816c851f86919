// Package otlpmetrichttp has signatures of the library of this path.
package otlpmetrichttp

import (
	"context"
)

type Exporter struct{}
type Option interface{}

func New(ctx context.Context, options ...Option) (*Exporter, error) { return nil, nil }
func WithEndpoint(endpoint string) Option                           { return nil }
func WithEndpointURL(u string) Option                               { return nil }
func WithInsecure() Option                                          { return nil }
