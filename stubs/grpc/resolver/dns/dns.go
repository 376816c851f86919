// Package dns stands in for google.golang.org/grpc/resolver/dns in a guest.
//
// Inert in a guest: no name is resolved. A resolver that is built all the same reports an error.
package dns

import (
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/resolver"
)

var builder = resolver.Get("dns") // before anybody replaces it

// NewBuilder returns the builder for the scheme "dns".
func NewBuilder() resolver.Builder { return builder }

// SetResolvingTimeout limits the time to resolve a name. Inert in a guest: none is.
func SetResolvingTimeout(timeout time.Duration) {}

// SetMinResolutionInterval limits how often a name is resolved. Inert in a guest: none is.
func SetMinResolutionInterval(d time.Duration) {}
