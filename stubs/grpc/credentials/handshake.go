package credentials

import (
	"context"

	"github.com/cofaas/cofaas/stubs/grpc/attributes"
)

// ClientHandshakeInfo tells transport credentials about the connection they are to secure.
type ClientHandshakeInfo struct {
	// Attributes are those of the address.
	Attributes *attributes.Attributes
}

// ClientHandshakeInfoFromContext returns what is known in the context of a handshake. Inert in a guest: there are no handshakes,
// so nothing is.
func ClientHandshakeInfoFromContext(ctx context.Context) ClientHandshakeInfo {
	return ClientHandshakeInfo{}
}
