// Package store is a library of the user's that connects. // want package:"configures"
package store

import (
	"context"
	"net/http"
	"os"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

type Config struct{ Redis, DSN string }

type Store struct{ url string }

// New connects to what its caller says.
func New(c Config) *Store { // want New:`needs redis.NewClient of field Redis of parameter c of New, needs pgxpool.New of field DSN of parameter c of New`
	redis.NewClient(&redis.Options{Addr: c.Redis})
	pgxpool.New(context.Background(), c.DSN)
	return &Store{}
}

// Fetch fetches.
func Fetch(host string) { http.Get("http://" + host + ":8080/") } // want Fetch:`needs http.Get of parameter host of Fetch`

// Env returns a variable or a default.
func Env(name, def string) string { // want Env:`needs os.Getenv of parameter name of Env` Env:`returns 0: an environment variable, else parameter def of Env`
	if v := os.Getenv(name); v != "" {
		return v
	}
	return def
}

// Load fills a configuration from the environment.
func Load[T any]() (T, error) { return env.ParseAs[T]() } // want Load:`needs env.ParseAs of what the tags of a struct name`

// Fixed connects to the same server always.
func Fixed() { redis.NewClient(&redis.Options{Addr: "fixed:6379"}) }
