// Package pgxpool has signatures of the library of this path.
package pgxpool

import (
	"context"
)

type Pool struct{}
type Config struct{ MaxConns int32 }

func New(ctx context.Context, connString string) (*Pool, error)        { return nil, nil }
func NewWithConfig(ctx context.Context, config *Config) (*Pool, error) { return nil, nil }
func ParseConfig(connString string) (*Config, error)                   { return nil, nil }
