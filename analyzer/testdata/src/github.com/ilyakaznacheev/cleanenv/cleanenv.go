// Package cleanenv has signatures of the library of this path.
package cleanenv

func ReadEnv(cfg interface{}) error                 { return nil }
func ReadConfig(path string, cfg interface{}) error { return nil }
