// Package conduit does not import gRPC, but passes on its types.
package conduit

import "prog/dialer"

var Dial = dialer.Dial
