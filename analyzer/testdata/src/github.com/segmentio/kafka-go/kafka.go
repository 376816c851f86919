// Package kafka has signatures of the library of this path.
package kafka

import (
	"context"
	"net"
)

type Conn struct{}
type Reader struct{}
type Writer struct{ Addr net.Addr }
type ReaderConfig struct {
	Brokers []string
	Topic   string
}
type WriterConfig struct{ Brokers []string }

func Dial(network string, address string) (*Conn, error)                             { return nil, nil }
func DialContext(ctx context.Context, network string, address string) (*Conn, error) { return nil, nil }
func DialLeader(ctx context.Context, network string, address string, topic string, partition int) (*Conn, error) {
	return nil, nil
}
func NewReader(config ReaderConfig) *Reader { return nil }
func NewWriter(config WriterConfig) *Writer { return nil }
func TCP(address ...string) net.Addr        { return nil }
