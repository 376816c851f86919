// Package redis has signatures of the library of this path.
package redis

type Client struct{}
type Options struct {
	Network, Addr, Password string
	DB                      int
}

func NewClient(opt *Options) *Client             { return nil }
func ParseURL(redisURL string) (*Options, error) { return nil, nil }

type ClusterOptions struct{ Addrs []string }

func NewClusterClient(opt *ClusterOptions) *Client { return nil }

type UniversalOptions struct{ Addrs []string }

func NewUniversalClient(opts *UniversalOptions) *Client { return nil }

type FailoverOptions struct {
	MasterName    string
	SentinelAddrs []string
}

func NewFailoverClient(opt *FailoverOptions) *Client { return nil }

type RingOptions struct{ Addrs map[string]string }

func NewRing(opt *RingOptions) *Client { return nil }

func NewFailoverClusterClient(opt *FailoverOptions) *Client    { return nil }
func ParseClusterURL(redisURL string) (*ClusterOptions, error) { return nil, nil }
