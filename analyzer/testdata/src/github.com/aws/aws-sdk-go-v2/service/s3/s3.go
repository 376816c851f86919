// Package s3 has signatures of the library of this path.
package s3

import (
	"github.com/aws/aws-sdk-go-v2/aws"
)

type Client struct{}
type Options struct{}

func NewFromConfig(cfg aws.Config, optFns ...func(*Options)) *Client { return nil }
