// Package local stands in for google.golang.org/grpc/credentials/local in a guest.
package local

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/credentials"
)

// NewCredentials returns transport credentials for connections within a machine. Inert in a guest: calls between guests cross no
// network, and the host has credentials of its own.
func NewCredentials() credentials.TransportCredentials { return &creds{} }

type creds struct{ serverName string }

func (c *creds) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c.ServerHandshake(conn)
}

// ServerHandshake fails for a connection to another machine.
func (c *creds) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	level, err := securityLevel(conn.RemoteAddr())
	if err != nil {
		return nil, nil, err
	}
	return conn, info{credentials.CommonAuthInfo{SecurityLevel: level}}, nil
}

func securityLevel(a net.Addr) (credentials.SecurityLevel, error) {
	addr := a.String()
	switch {
	case a.Network() == "unix":
		return credentials.PrivacyAndIntegrity, nil
	case strings.HasPrefix(addr, "127."), strings.HasPrefix(addr, "[::1]:"),
		a.Network() == "pipe" && strings.HasPrefix(addr, `\\.\pipe\`):
		return credentials.NoSecurity, nil
	}
	return credentials.InvalidSecurityLevel, fmt.Errorf("local credentials rejected connection to non-local address %q", addr)
}

func (c *creds) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "local", ServerName: c.serverName}
}

func (c *creds) Clone() credentials.TransportCredentials { return &creds{c.serverName} }

func (c *creds) OverrideServerName(name string) error {
	c.serverName = name
	return nil
}

type info struct{ credentials.CommonAuthInfo }

func (info) AuthType() string               { return "local" }
func (info) ValidateAuthority(string) error { return nil }
