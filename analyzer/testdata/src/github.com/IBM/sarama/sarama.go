// Package sarama has signatures of the library of this path.
package sarama

type Config struct{}

func NewClient(addrs []string, conf *Config) (any, error)                          { return nil, nil }
func NewSyncProducer(addrs []string, config *Config) (any, error)                  { return nil, nil }
func NewAsyncProducer(addrs []string, conf *Config) (any, error)                   { return nil, nil }
func NewConsumer(addrs []string, config *Config) (any, error)                      { return nil, nil }
func NewConsumerGroup(addrs []string, groupID string, config *Config) (any, error) { return nil, nil }
func NewClusterAdmin(addrs []string, conf *Config) (any, error)                    { return nil, nil }
