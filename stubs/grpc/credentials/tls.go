//go:build !cofaas_notls

package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// TLSInfo is what a TLS handshake found out. In a guest no handshake takes place, so only code that makes one itself
// ever sees it.
type TLSInfo struct {
	State tls.ConnectionState
	CommonAuthInfo
}

// AuthType returns "tls".
func (t TLSInfo) AuthType() string { return "tls" }

// errNoHandshake is what transport credentials answer when somebody does call them.
var errNoHandshake = errors.New("credentials: a guest has no connections to secure; the host terminates TLS")

// tlsCreds stands for TLS that the host terminates.
type tlsCreds struct{ serverName string }

func (c *tlsCreds) ClientHandshake(context.Context, string, net.Conn) (net.Conn, AuthInfo, error) {
	return nil, nil, errNoHandshake
}

func (c *tlsCreds) ServerHandshake(net.Conn) (net.Conn, AuthInfo, error) {
	return nil, nil, errNoHandshake
}

func (c *tlsCreds) Info() ProtocolInfo {
	return ProtocolInfo{SecurityProtocol: "tls", SecurityVersion: "1.2", ServerName: c.serverName}
}

func (c *tlsCreds) Clone() TransportCredentials {
	clone := *c
	return &clone
}

func (c *tlsCreds) OverrideServerName(name string) error {
	c.serverName = name
	return nil
}

// NewTLS returns credentials for TLS. Inert in a guest: only c.ServerName is used, as the authority.
func NewTLS(c *tls.Config) TransportCredentials {
	creds := &tlsCreds{}
	if c != nil {
		creds.serverName = c.ServerName
	}
	return creds
}

// NewClientTLSFromCert returns credentials for a client that trusts the certificates in cp. Inert in a guest: cp is not
// used.
func NewClientTLSFromCert(cp *x509.CertPool, serverNameOverride string) TransportCredentials {
	return &tlsCreds{serverName: serverNameOverride}
}

// NewClientTLSFromFile returns credentials for a client that trusts the certificates in a file. Inert in a guest: the
// file is not read, so it need not exist there.
func NewClientTLSFromFile(certFile, serverNameOverride string) (TransportCredentials, error) {
	return &tlsCreds{serverName: serverNameOverride}, nil
}

// NewServerTLSFromCert returns credentials for a server. Inert in a guest: the host has the certificate.
func NewServerTLSFromCert(cert *tls.Certificate) TransportCredentials { return &tlsCreds{} }

// NewServerTLSFromFile returns credentials for a server. Inert in a guest: the files are not read, so they need not
// exist there; the host has the certificate.
func NewServerTLSFromFile(certFile, keyFile string) (TransportCredentials, error) {
	return &tlsCreds{}, nil
}
