// Package mysql has signatures of the library of this path.
package mysql

type Dialector interface{}

func Open(dsn string) Dialector { return nil }
