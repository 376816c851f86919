package resolver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/attributes"
	"github.com/cofaas/cofaas/stubs/grpc/serviceconfig"
)

// Address is where a server can be connected to.
type Address struct {
	// Addr is the address in the form that the dialer takes.
	Addr string
	// ServerName is the name that the server must prove, in place of the target's. It must come from somebody trusted.
	ServerName string
	// Attributes are for whoever connects.
	Attributes *attributes.Attributes
	// BalancerAttributes are for the balancer.
	//
	// Deprecated: see Endpoint.Attributes.
	BalancerAttributes *attributes.Attributes
	// Metadata is for the balancer.
	//
	// Deprecated: use Attributes.
	Metadata any
}

// Equal reports whether all fields of a and o are equal.
func (a Address) Equal(o Address) bool {
	return a.Addr == o.Addr && a.ServerName == o.ServerName && a.Metadata == o.Metadata &&
		a.Attributes.Equal(o.Attributes) && a.BalancerAttributes.Equal(o.BalancerAttributes)
}

// String returns a form for logs.
func (a Address) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "{Addr: %q, ServerName: %q, ", a.Addr, a.ServerName)
	if a.Attributes != nil {
		fmt.Fprintf(&b, "Attributes: %v, ", a.Attributes)
	}
	if a.BalancerAttributes != nil {
		fmt.Fprintf(&b, "BalancerAttributes: %v", a.BalancerAttributes)
	}
	b.WriteByte('}')
	return b.String()
}

// Endpoint is one server, which may have several addresses.
type Endpoint struct {
	Addresses []Address
	// Attributes are for the balancer.
	Attributes *attributes.Attributes
}

// State is what a target stands for.
type State struct {
	// Addresses are those of all servers, each an endpoint of its own unless Endpoints are set.
	Addresses []Address
	// Endpoints are the servers.
	Endpoints []Endpoint
	// ServiceConfig is the service config that was found, nil for none.
	ServiceConfig *serviceconfig.ParseResult
	// Attributes are for the balancer.
	Attributes *attributes.Attributes
}

// ValidateEndpoints returns an error if there is no address in endpoints.
func ValidateEndpoints(endpoints []Endpoint) error {
	if len(endpoints) == 0 {
		return errors.New("endpoints list is empty")
	}
	if !slices.ContainsFunc(endpoints, func(e Endpoint) bool { return len(e.Addresses) > 0 }) {
		return errors.New("endpoints list contains no addresses")
	}
	return nil
}
