// Package reflection stands in for google.golang.org/grpc/reflection in a guest.
//
// Inert in a guest: the host serves reflection, for what all its functions export. server.go has what only those need who
// make a reflection service themselves.
package reflection

import "github.com/cofaas/cofaas/stubs/grpc"

// GRPCServer is a server whose services can be listed.
type GRPCServer interface {
	grpc.ServiceRegistrar
	ServiceInfoProvider
}

// ServiceInfoProvider lists services.
type ServiceInfoProvider interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
}

// Register registers the reflection service. Inert in a guest: the host serves reflection.
func Register(s GRPCServer) {}

// RegisterV1 registers the reflection service, without its alpha version. Inert in a guest: the host serves reflection.
func RegisterV1(s GRPCServer) {}
