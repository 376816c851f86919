// Package env has signatures of the library of this path.
package env

type Options struct{}

func Parse(v interface{}) error                          { return nil }
func ParseWithOptions(v interface{}, opts Options) error { return nil }
func ParseAs[T any]() (T, error) {
	var t T
	return t, nil
}
