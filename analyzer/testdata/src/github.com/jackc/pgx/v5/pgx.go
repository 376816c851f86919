// Package pgx has signatures of the library of this path.
package pgx

import (
	"context"
)

type Conn struct{}
type ConnConfig struct{ Host string }
type ParseConfigOptions struct{}

func Connect(ctx context.Context, connString string) (*Conn, error) { return nil, nil }
func ConnectWithOptions(ctx context.Context, connString string, options ParseConfigOptions) (*Conn, error) {
	return nil, nil
}
func ConnectConfig(ctx context.Context, connConfig *ConnConfig) (*Conn, error) { return nil, nil }
func ParseConfig(connString string) (*ConnConfig, error)                       { return nil, nil }
func ParseConfigWithOptions(connString string, options ParseConfigOptions) (*ConnConfig, error) {
	return nil, nil
}
