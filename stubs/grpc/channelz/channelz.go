// Package channelz stands in for google.golang.org/grpc/channelz in a guest.
//
// Inert in a guest: channelz tells about connections, which are the host's.
package channelz

import "github.com/cofaas/cofaas/stubs/grpc/internal/channelz"

// Identifier names an entity of channelz. There are none in a guest.
type Identifier = channelz.Identifier
