// Package aws has signatures of the library of this path.
package aws

type Config struct{ Region string }

func String(v string) *string { return &v }
