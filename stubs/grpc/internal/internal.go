// Package internal has what packages of the stubs share and applications do not see.
package internal

// UserSetDefaultScheme says that resolver.SetDefaultScheme was called, whose scheme is then that of all targets without one.
var UserSetDefaultScheme bool

// DefaultBufferPool is what experimental.SetDefaultBufferPool was given, a mem.BufferPool or nil.
var DefaultBufferPool any

// EnforceMetricsRecorderEmbedding is embedded by stats.MetricsRecorder, to which methods may be added.
type EnforceMetricsRecorderEmbedding interface {
	enforceMetricsRecorderEmbedding()
}

// EnforceClientConnEmbedding is embedded by balancer.ClientConn, to which methods may be added.
type EnforceClientConnEmbedding interface {
	enforceClientConnEmbedding()
}

// EnforceSubConnEmbedding is embedded by balancer.SubConn, to which methods may be added.
type EnforceSubConnEmbedding interface {
	enforceSubConnEmbedding()
}
