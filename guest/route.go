package guest

import (
	"runtime"
	"sync"
)

// Who answers a call depends on the service alone for most services of most apps. For others it depends on what was dialled: several
// functions export the service, or none does and the call leaves the host. Then calls have a route, which the host numbers.

// Routing describes a connection to the host. Its keys, most of them optional, are
//
//	target          as it was dialled
//	canonical       the same with scheme and authority
//	authority       in place of the target's
//	user-agent      what the header of that name begins with
//	service-config  the default service config, in JSON
//	security        "insecure", "tls" or another protocol
//	server-name     with TLS: what the certificate must prove
//	ca              with TLS: certificates to trust in place of the system's, in PEM
//	ca-file         the same, as the name of a file
//	skip-verify     with TLS: trust anybody
//	min-version     with TLS: the lowest version, as package crypto/tls numbers them
//	dialer          the function has one of its own
//	problem         why the host cannot make such a connection
type Routing []Pair

// direct are the services for which it makes no difference what was dialled.
var direct sync.Map

// What [Route] returns for a service that the app does not know to be called: RouteUnserved if what was dialled is a function of the
// app, which then does not have it, and RouteUnknown otherwise.
const (
	RouteUnserved = ^uint32(0) - iota
	RouteUnknown
)

// Route returns the number of the route of calls to a service on a connection, or 0 if they need none. It is safe for concurrent use.
func Route(service string, describe func() Routing) uint32 {
	if _, ok := direct.Load(service); ok {
		return 0
	}
	encoded := appendMeta(nil, describe(), 0)
	n := hostRoute(service, encoded)
	runtime.KeepAlive(encoded)
	if n == 0 {
		direct.Store(service, true)
	}
	return n
}

// Unroute gives a number back, once for each time that Route returned it. When nobody has it any more, the host closes what it leads to.
func Unroute(number uint32) {
	if number < RouteUnknown {
		hostUnroute(number)
	}
}

// CallOptions are for a call that leaves the host. The last of a kind counts. The keys are
//
//	wait-for-ready  "true" or "false"
//	compressor      the name
//	authority       in place of the connection's
type CallOptions []Pair
