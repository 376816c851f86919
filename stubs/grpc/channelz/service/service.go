// Package service stands in for google.golang.org/grpc/channelz/service in a guest.
//
// Inert in a guest: channelz tells about connections, which are the host's.
package service

import "github.com/cofaas/cofaas/stubs/grpc"

// RegisterChannelzServiceToServer registers the channelz service. Inert in a guest: there are no channels to tell about.
func RegisterChannelzServiceToServer(s grpc.ServiceRegistrar) {}
