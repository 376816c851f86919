// Package resolver stands in for google.golang.org/grpc/resolver in a guest: what resolves the names of dial targets, and the
// registry of such resolvers.
//
// Inert in a guest: the app's plan says who answers for a target, so no connection ever builds a resolver. The scheme of a
// target must be registered, though, to be taken for one, and everything else here works as in grpc-go.
//
// resolver.go has resolvers, address.go what they find, map.go maps of that, and builtin.go the resolvers of grpc itself.
package resolver

import (
	"context"
	"net"
	"net/url"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/experimental/stats"
	"github.com/cofaas/cofaas/stubs/grpc/internal"
	"github.com/cofaas/cofaas/stubs/grpc/serviceconfig"
)

// Builder makes the resolvers of a scheme. If it is an [AuthorityOverrider] too, it decides on the authority of calls.
type Builder interface {
	// Build returns a resolver that tells cc what target stands for, from now on.
	Build(target Target, cc ClientConn, opts BuildOptions) (Resolver, error)
	// Scheme returns the scheme, in lower case.
	Scheme() string
}

// Resolver watches what a target stands for.
type Resolver interface {
	// ResolveNow asks for a fresh look. It is a hint, and may be called at any time.
	ResolveNow(ResolveNowOptions)
	// Close ends the watch.
	Close()
}

// ResolveNowOptions has nothing yet.
type ResolveNowOptions struct{}

// ClientConn is what a resolver reports to. Only grpc, and tests, implement it.
type ClientConn interface {
	// UpdateState reports what the target stands for. After an error the resolver should try again, with backoff.
	UpdateState(State) error
	// ReportError reports that resolving failed.
	ReportError(error)
	// NewAddress reports addresses.
	//
	// Deprecated: use UpdateState.
	NewAddress(addresses []Address)
	// ParseServiceConfig parses a service config in JSON.
	ParseServiceConfig(serviceConfigJSON string) *serviceconfig.ParseResult
}

// BuildOptions tell a builder about the connection.
type BuildOptions struct {
	// DisableServiceConfig says that the connection takes no service config.
	DisableServiceConfig bool
	// DialCreds are the transport credentials of the connection.
	DialCreds credentials.TransportCredentials
	// CredsBundle is the credentials bundle of the connection.
	CredsBundle credentials.Bundle
	// Dialer makes the connections, nil unless the application gave one.
	Dialer func(context.Context, string) (net.Conn, error)
	// Authority is the authority of calls.
	Authority string
	// MetricsRecorder takes metrics.
	MetricsRecorder stats.MetricsRecorder
}

// AuthorityOverrider is a [Builder] that decides on the authority of calls, in the form of an :authority header. Without one,
// it is the endpoint of the target.
type AuthorityOverrider interface {
	// OverrideAuthority returns, without blocking, the authority for a target, always the same.
	OverrideAuthority(Target) string
}

// Target is a dial target, parsed. If it had no registered scheme, it has the default one.
type Target struct {
	// URL has all parts, with the query.
	URL url.URL
}

// Endpoint returns what comes after scheme and authority, without its leading slash.
func (t Target) Endpoint() string {
	if t.URL.Path != "" {
		return strings.TrimPrefix(t.URL.Path, "/")
	}
	return strings.TrimPrefix(t.URL.Opaque, "/")
}

// String returns scheme://authority/endpoint.
func (t Target) String() string {
	return t.URL.Scheme + "://" + t.URL.Host + "/" + t.Endpoint()
}

// Register registers a builder for its scheme; the last one wins. Call it from init only.
func Register(b Builder) { builders[b.Scheme()] = b }

// Get returns the builder that is registered for a scheme, nil if there is none.
func Get(scheme string) Builder { return builders[scheme] }

// SetDefaultScheme sets the scheme of targets without a registered one. Call it from init only.
func SetDefaultScheme(scheme string) {
	defaultScheme = scheme
	internal.UserSetDefaultScheme = true
}

// GetDefaultScheme returns the scheme that SetDefaultScheme set, or else that of grpc.Dial, "passthrough". For grpc.NewClient
// it is "dns" then.
func GetDefaultScheme() string { return defaultScheme }

var defaultScheme = "passthrough"
