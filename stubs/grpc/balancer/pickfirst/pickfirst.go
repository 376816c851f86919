// Package pickfirst stands in for google.golang.org/grpc/balancer/pickfirst in a guest: the name of the balancer, for service
// configs.
//
// Inert in a guest: the host chooses the instance that answers a call.
package pickfirst

import "github.com/cofaas/cofaas/stubs/grpc/resolver"

// Name is the name of the balancer.
const Name = "pick_first"

// EnableHealthListener makes the balancer listen to health checks. Inert in a guest: it returns state as it is.
func EnableHealthListener(state resolver.State) resolver.State { return state }
