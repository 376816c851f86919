// Package roundrobin stands in for google.golang.org/grpc/balancer/roundrobin in a guest: the name of the balancer, for
// service configs.
//
// Inert in a guest: the host chooses the instance that answers a call.
package roundrobin

// Name is the name of the balancer.
const Name = "round_robin"
