// Package amqp091 has signatures of the library of this path.
package amqp091

import (
	"crypto/tls"
)

type Connection struct{}
type Config struct{}

func Dial(url string) (*Connection, error)                       { return nil, nil }
func DialConfig(url string, config Config) (*Connection, error)  { return nil, nil }
func DialTLS(url string, amqps *tls.Config) (*Connection, error) { return nil, nil }
