// Package sentry has signatures of the library of this path.
package sentry

type ClientOptions struct{ Dsn string }

func Init(options ClientOptions) error { return nil }
