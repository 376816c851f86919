// Package envconfig has signatures of the library of this path.
package envconfig

func Process(prefix string, spec interface{}) error { return nil }
func MustProcess(prefix string, spec interface{})   {}
