// Package base stands in for google.golang.org/grpc/balancer/base in a guest: balancers of which only the choosing is written.
//
// Inert in a guest: no connection is balanced, so no picker is ever asked for.
package base

import (
	"github.com/cofaas/cofaas/stubs/grpc/balancer"
	"github.com/cofaas/cofaas/stubs/grpc/resolver"
)

// PickerBuilder makes pickers for the connections that are ready.
type PickerBuilder interface {
	Build(info PickerBuildInfo) balancer.Picker
}

// PickerBuildInfo has the connections that are ready.
type PickerBuildInfo struct {
	ReadySCs map[balancer.SubConn]SubConnInfo
}

// SubConnInfo says where a connection leads.
type SubConnInfo struct {
	Address resolver.Address
}

// Config configures a balancer.
type Config struct {
	// HealthCheck says whether the health of servers counts.
	HealthCheck bool
}

// NewBalancerBuilder returns a builder. Inert in a guest: pb is never called.
func NewBalancerBuilder(name string, pb PickerBuilder, config Config) balancer.Builder {
	return builder{balancer.Get("round_robin"), name}
}

// builder is another one under a name of its own.
type builder struct {
	balancer.Builder
	name string
}

func (b builder) Name() string { return b.name }

// NewErrPicker returns a picker that always returns an error.
func NewErrPicker(err error) balancer.Picker { return errPicker{err} }

// NewErrPickerV2 is [NewErrPicker].
//
// Deprecated: use [NewErrPicker].
var NewErrPickerV2 = NewErrPicker

type errPicker struct{ err error }

func (p errPicker) Pick(balancer.PickInfo) (balancer.PickResult, error) {
	return balancer.PickResult{}, p.err
}
