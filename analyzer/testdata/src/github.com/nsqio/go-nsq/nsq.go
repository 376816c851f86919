// Package nsq has signatures of the library of this path.
package nsq

type Config struct{}
type Producer struct{}
type Consumer struct{}

func NewProducer(addr string, config *Config) (*Producer, error) { return nil, nil }
func (r *Consumer) ConnectToNSQD(addr string) error              { return nil }
func (r *Consumer) ConnectToNSQLookupd(addr string) error        { return nil }
