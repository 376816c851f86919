// Package clickhouse has signatures of the library of this path.
package clickhouse

import (
	"database/sql"
)

type Options struct{ Addr []string }

func Open(opt *Options) (any, error) { return nil, nil }
func OpenDB(opt *Options) *sql.DB    { return nil }
