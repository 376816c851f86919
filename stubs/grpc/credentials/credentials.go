// Package credentials stands in for google.golang.org/grpc/credentials in a guest.
//
// Transport credentials are inert in a guest: calls between guests cross no network, and towards the outside the host
// terminates TLS. They are still checked where grpc-go checks them without a connection, and [PerRPCCredentials] are
// asked for their metadata on every call, as usual.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// ErrConnDispatched says that a handshake passed the raw connection on, so that it must not be closed.
var ErrConnDispatched = errors.New("credentials: rawConn is dispatched out of gRPC")

// PerRPCCredentials put security information, such as a token, into the metadata of each call.
type PerRPCCredentials interface {
	// GetRequestMetadata returns the metadata for a call. uri names the service. An error with a status fails the call
	// with that status.
	GetRequestMetadata(ctx context.Context, uri ...string) (map[string]string, error)
	// RequireTransportSecurity reports whether the credentials must not be used with an insecure transport.
	RequireTransportSecurity() bool
}

// TransportCredentials secure a connection.
type TransportCredentials interface {
	// ClientHandshake secures a connection that a client opened. Inert in a guest: never called.
	ClientHandshake(ctx context.Context, authority string, rawConn net.Conn) (net.Conn, AuthInfo, error)
	// ServerHandshake secures a connection that a server accepted. Inert in a guest: never called.
	ServerHandshake(rawConn net.Conn) (net.Conn, AuthInfo, error)
	// Info describes the credentials.
	Info() ProtocolInfo
	// Clone returns a copy.
	Clone() TransportCredentials
	// OverrideServerName sets the name that the server must prove.
	//
	// Deprecated: use grpc.WithAuthority.
	OverrideServerName(name string) error
}

// Bundle is transport credentials together with per-call ones.
type Bundle interface {
	// TransportCredentials returns the transport credentials, never nil.
	TransportCredentials() TransportCredentials
	// PerRPCCredentials returns the per-call credentials, nil if there are none.
	PerRPCCredentials() PerRPCCredentials
	// NewWithMode returns a copy in another mode.
	NewWithMode(mode string) (Bundle, error)
}

// ProtocolInfo describes transport credentials.
type ProtocolInfo struct {
	// ProtocolVersion is not used.
	//
	// Deprecated: not used.
	ProtocolVersion string
	// SecurityProtocol is the protocol's name, such as "tls" or "insecure".
	SecurityProtocol string
	// SecurityVersion is the protocol's version.
	//
	// Deprecated: see peer.Peer.AuthInfo.
	SecurityVersion string
	// ServerName overrides the authority of calls.
	//
	// Deprecated: use grpc.WithAuthority.
	ServerName string
}

// AuthInfo is what a handshake found out about the other side.
type AuthInfo interface {
	// AuthType returns the protocol's name.
	AuthType() string
}

// AuthorityValidator is implemented by an [AuthInfo] that can say whether an authority may be used on its connection.
type AuthorityValidator interface {
	ValidateAuthority(authority string) error
}

// CommonAuthInfo is embedded by implementations of [AuthInfo].
type CommonAuthInfo struct {
	SecurityLevel SecurityLevel
}

// GetCommonAuthInfo returns c.
func (c CommonAuthInfo) GetCommonAuthInfo() CommonAuthInfo { return c }

// SecurityLevel is what a connection protects.
type SecurityLevel int

const (
	// InvalidSecurityLevel is the zero value: nothing is known.
	InvalidSecurityLevel SecurityLevel = iota
	// NoSecurity protects nothing.
	NoSecurity
	// IntegrityOnly protects against changes.
	IntegrityOnly
	// PrivacyAndIntegrity protects against changes and eavesdropping.
	PrivacyAndIntegrity
)

// String returns the name of the level.
func (s SecurityLevel) String() string {
	switch s {
	case NoSecurity:
		return "NoSecurity"
	case IntegrityOnly:
		return "IntegrityOnly"
	case PrivacyAndIntegrity:
		return "PrivacyAndIntegrity"
	}
	return fmt.Sprintf("invalid SecurityLevel: %v", int(s))
}

// CheckSecurityLevel returns an error when ai says that its connection protects less than level. A connection about
// which nothing is known passes.
func CheckSecurityLevel(ai AuthInfo, level SecurityLevel) error {
	if ai == nil {
		return errors.New("AuthInfo is nil")
	}
	common, ok := ai.(interface{ GetCommonAuthInfo() CommonAuthInfo })
	if !ok {
		return nil
	}
	has := common.GetCommonAuthInfo().SecurityLevel
	if has != InvalidSecurityLevel && has < level {
		return fmt.Errorf("requires SecurityLevel %v; connection has %v", level, has)
	}
	return nil
}

// RequestInfo describes the call for which credentials are asked for metadata.
type RequestInfo struct {
	// Method is the full method name.
	Method string
	// AuthInfo is what the handshake found out. In a guest there is no handshake; it states the security level.
	AuthInfo AuthInfo
}

type requestInfoKey struct{}

// NewContextWithRequestInfo returns a context with ri.
func NewContextWithRequestInfo(ctx context.Context, ri RequestInfo) context.Context {
	return context.WithValue(ctx, requestInfoKey{}, ri)
}

// RequestInfoFromContext returns the description of the call for which GetRequestMetadata is called with ctx.
func RequestInfoFromContext(ctx context.Context) (ri RequestInfo, ok bool) {
	ri, ok = ctx.Value(requestInfoKey{}).(RequestInfo)
	return ri, ok
}
