// Command settled gets targets and addresses from package settings, and in the
// ways of mains.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc"

	"github.com/spf13/pflag"
	"use/settings"
)

type options struct {
	Cart   string `envconfig:"CART_ADDR" default:"cart:1"`
	Stock  string `env:"STOCK_ADDR,default=stock:1"`
	Nested nested `envPrefix:"NESTED_"`
	Port   int    `env:"PORT" envDefault:"8080"`
	Other  string
}

type nested struct {
	Addr string `env:"ADDR"`
}

var port = flag.Int("port", 50051, "")

func main() {
	cfg := settings.Load()
	dial(cfg.Cart)          // want `dial not constant: environment variable CART, dialled`
	dial(cfg.Stock)         // want `dial not constant: flag stock \(default stock:1\)`
	dial(cfg.Fixed)         // want `dial "fixed:1"`
	dial(cfg.Secret)        // want `dial not constant: field Secret`
	dial(settings.Default)  // want `dial "default:1"`
	dial(*settings.Backend) // want `dial not constant: flag backend \(default backend:1\)`

	dial(settings.Getenv("A", "a:1")) // want `dial not constant: environment variable A \(default a:1\)`
	dial(settings.Getenv("B", ""))    // want `dial not constant: environment variable B, dialled`
	var target string
	settings.Must(&target, "MUST")
	dial(target) // want `dial not constant: environment variable MUST`
	var named string
	settings.StringVar(flag.CommandLine, &named, "named", "NAMED", "named:1")
	dial(named)                 // want `dial not constant: flag named \(default named:1\), else|dial not constant: flag named`
	dial(settings.Key("cart"))  // want `dial not constant: configuration key targets.cart`
	dial(settings.Flag())       // want `dial not constant: flag addr \(default :1\)`
	dial(settings.Upper("x:1")) // want `dial not constant: the result of settings.Upper`

	var opts options
	dial(opts.Cart)        // want `dial not constant: environment variable CART_ADDR \(default cart:1\)`
	dial(opts.Stock)       // want `dial not constant: environment variable STOCK_ADDR \(default stock:1\)`
	dial(opts.Nested.Addr) // want `dial not constant: environment variable NESTED_ADDR`
	dial(opts.Other)       // want `dial not constant: field Other`

	address := ":7003"
	if v, ok := os.LookupEnv("LISTEN"); ok {
		address = v
	}
	serve(net.Listen("tcp", address))                      // want `listen environment variable LISTEN \(default :7003\) rpc: `
	serve(net.Listen("tcp", fmt.Sprintf(":%d", *port)))    // want `listen flag port \(default :50051\) rpc`
	serve(net.Listen("tcp", fmt.Sprint(":", opts.Port)))   // want `listen the result of fmt.Sprint rpc`
	serve(net.Listen("tcp", ":"+os.Getenv("PORT")))        // want `listen environment variable PORT rpc`
	serve(net.Listen("tcp", net.JoinHostPort("", "80")))   // want `listen :80 rpc`
	serve(net.Listen("tcp", *pflag.String("l", ":1", ""))) // want `listen flag l \(default :1\) rpc`
	serve(net.Listen("tcp", cfg.Listen))                   // want `listen environment variable LISTEN \(default :7000\) rpc`

	host := flag.String("host", "", "")
	serve(net.Listen("tcp", net.JoinHostPort(*host, settings.Getenv("PORT", "7001")))) // want `listen flag host and environment variable PORT \(default :7001\) rpc`

	again := "50051"
	if v := os.Getenv("AGAIN"); v != "" {
		again = v
	}
	again = fmt.Sprintf(":%s", again)
	serve(net.Listen("tcp", again)) // want `listen environment variable AGAIN \(default :50051\) rpc`

	mode := "b:1"
	if os.Getenv("MODE") == "a" {
		mode = "a:1"
	}
	dial(mode)       // want `dial not constant: "b:1" or "a:1"`
	dial(os.Args[1]) // want `dial not constant: variable Args`
}

func dial(target string) *grpc.ClientConn {
	conn, _ := grpc.NewClient(target)
	return conn
}

func serve(lis net.Listener, err error) {
	grpc.NewServer().Serve(lis) // want `serve` `server`
}
