package grpc

import (
	isc "github.com/cofaas/cofaas/stubs/grpc/internal/serviceconfig"
	"github.com/cofaas/cofaas/stubs/grpc/serviceconfig"
)

// PickFirstBalancerName is the name of the default balancer, for service configs.
var PickFirstBalancerName = "pick_first"

// MethodConfig is what a service config says about a method.
//
// Deprecated: service configs are JSON.
type MethodConfig = isc.MethodConfig

// ServiceConfig is a parsed service config.
//
// Deprecated: service configs are JSON.
type ServiceConfig struct {
	serviceconfig.Config

	// Methods has the configs of methods, by "/package.service/method", and of whole services, by "/package.service/".
	Methods map[string]MethodConfig
}

// GetMethodConfig returns what the service config says about a method.
//
// Deprecated: it is for grpc itself.
func (cc *ClientConn) GetMethodConfig(method string) MethodConfig { return *cc.config.method(method) }
