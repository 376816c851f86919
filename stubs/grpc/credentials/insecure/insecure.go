// Package insecure stands in for google.golang.org/grpc/credentials/insecure in a guest.
package insecure

import (
	"context"
	"net"

	"github.com/cofaas/cofaas/stubs/grpc/credentials"
)

// NewCredentials returns transport credentials that secure nothing. Per-call credentials that require a secure
// transport do not work with them.
func NewCredentials() credentials.TransportCredentials { return creds{} }

// NewBundle returns [NewCredentials] as a bundle without per-call credentials.
func NewBundle() credentials.Bundle { return bundle{} }

type creds struct{}

func (creds) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return conn, noSecurity, nil
}

func (creds) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return conn, noSecurity, nil
}

func (creds) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "insecure"}
}

func (creds) Clone() credentials.TransportCredentials { return creds{} }
func (creds) OverrideServerName(string) error         { return nil }

type info struct{ credentials.CommonAuthInfo }

var noSecurity = info{credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}}

func (info) AuthType() string               { return "insecure" }
func (info) ValidateAuthority(string) error { return nil }

type bundle struct{}

func (bundle) TransportCredentials() credentials.TransportCredentials { return creds{} }
func (bundle) PerRPCCredentials() credentials.PerRPCCredentials       { return nil }
func (bundle) NewWithMode(string) (credentials.Bundle, error)         { return bundle{}, nil }
