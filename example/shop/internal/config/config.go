// Package config reads the settings of the shop's functions: from flags, from the environment, or from both.
package config

import (
	"cmp"
	"flag"
	"fmt"
	"os"

	"github.com/caarlos0/env/v11"
)

// StringVar defines a flag of which an environment variable is the default, and value if that is not set.
func StringVar(set *flag.FlagSet, p *string, name, variable, value, usage string) {
	set.StringVar(p, name, cmp.Or(os.Getenv(variable), value), fmt.Sprintf("%s (%s)", usage, variable))
}

// Load returns a struct whose fields have tags env and envDefault.
func Load[T any]() (T, error) {
	cfg, err := env.ParseAs[T]()
	if err != nil {
		return cfg, fmt.Errorf("config: %w", err)
	}
	return cfg, nil
}
