// Package otelsql has signatures of the library of this path.
package otelsql

import (
	"database/sql"
)

type Option interface{}

func Open(driverName, dataSourceName string, options ...Option) (*sql.DB, error) { return nil, nil }
