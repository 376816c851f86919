// Package cloudwatchlogs has signatures of the library of this path.
package cloudwatchlogs

import (
	"github.com/aws/aws-sdk-go-v2/aws"
)

type Client struct{}
type Options struct{}

func NewFromConfig(cfg aws.Config, optFns ...func(*Options)) *Client { return nil }
