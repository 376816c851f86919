// Package serviceconfig stands in for google.golang.org/grpc/serviceconfig in a guest: the types by which resolvers pass
// service configs on.
//
// Inert in a guest: service configs are not read.
package serviceconfig

// Config is a parsed service config. Only grpc makes some.
type Config interface {
	isServiceConfig()
}

// LoadBalancingConfig is the parsed config of a load balancer. Embed it to implement it.
type LoadBalancingConfig interface {
	isLoadBalancingConfig()
}

// ParseResult is a service config, or the error in it.
type ParseResult struct {
	Config Config
	Err    error
}
