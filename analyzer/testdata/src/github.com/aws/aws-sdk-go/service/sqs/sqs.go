// Package sqs has signatures of the library of this path.
package sqs

type SQS struct{}
type ConfigProvider interface{}
type Config struct{}

func New(p ConfigProvider, cfgs ...*Config) *SQS { return nil }
