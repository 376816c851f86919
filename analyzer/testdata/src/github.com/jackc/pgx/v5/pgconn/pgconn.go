// Package pgconn has signatures of the library of this path.
package pgconn

import (
	"context"
)

type PgConn struct{}
type Config struct{}

func Connect(ctx context.Context, connString string) (*PgConn, error) { return nil, nil }
func ParseConfig(connString string) (*Config, error)                  { return nil, nil }
