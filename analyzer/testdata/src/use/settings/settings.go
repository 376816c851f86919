// Package settings reads settings for others, and knows nothing of gRPC. // want package:"configures"
package settings

import (
	"cmp"
	"flag"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

type Config struct {
	Cart   string // want Cart:"holds environment variable CART"
	Stock  string // want Stock:`holds flag stock \(default stock:1\)`
	Fixed  string // want Fixed:"holds fixed:1"
	Listen string `env:"LISTEN" envDefault:":7000"` // want Listen:`holds environment variable LISTEN \(default :7000\)`
	Secret string // not set by anybody // ok
}

var Default = "default:1" // want Default:"holds default:1"

var Backend = flag.String("backend", "backend:1", "") // want Backend:`holds flag backend \(default backend:1\)`

func Load() *Config {
	c := &Config{Fixed: "fixed:1"}
	c.Cart = os.Getenv("CART")
	flag.StringVar(&c.Stock, "stock", "stock:1", "")
	return c
}

func Getenv(key, def string) string { // want Getenv:`returns 0: an environment variable, else parameter def of Getenv` Getenv:`needs os.Getenv of parameter key of Getenv`
	if v := os.Getenv(key); v != "" {
		return v
	}
	return def
}

func Must(target *string, key string) { // want Must:`stores 0: an environment variable` Must:`needs os.Getenv of parameter key of Must`
	v := os.Getenv(key)
	if v == "" {
		panic(key)
	}
	*target = v
}

func StringVar(set *flag.FlagSet, p *string, name, env, def string) { // want StringVar:`stores 1: a flag` StringVar:`needs os.Getenv of parameter env of StringVar`
	set.StringVar(p, name, cmp.Or(os.Getenv(env), def), "")
}

func Key(name string) string { return viper.GetString("targets." + name) } // want Key:`returns 0: a configuration key`

func Flag() string { return *pflag.StringP("addr", "a", ":1", "") } // want Flag:`returns 0: flag addr \(default :1\)`

// What says nothing has no fact.

func Upper(s string) string { return strings.ToUpper(s) } // ok

func Name() string { return os.Args[0] } // ok

func parse(s string) (string, bool) { return strings.CutPrefix(s, "x") } // ok
