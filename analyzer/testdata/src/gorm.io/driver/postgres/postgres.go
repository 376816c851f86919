// Package postgres has signatures of the library of this path.
package postgres

type Dialector interface{}

func Open(dsn string) Dialector { return nil }
