//go:build !cofaas_notls

package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"

	"github.com/cofaas/cofaas/stubs/grpc/internal/security"
)

// TLSInfo is what a TLS handshake found out. In a guest no handshake takes place, so only code that makes one itself
// ever sees it.
type TLSInfo struct {
	State tls.ConnectionState
	CommonAuthInfo
	// SPIFFEID is the other side's, nil if it has none.
	SPIFFEID *url.URL
}

// AuthType returns "tls".
func (t TLSInfo) AuthType() string { return "tls" }

// ValidateAuthority returns an error unless the other side's certificate is valid for an authority.
func (t TLSInfo) ValidateAuthority(authority string) error {
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = authority
	}
	if len(t.State.PeerCertificates) == 0 {
		return fmt.Errorf("credentials: no peer certificates found to verify authority %q", host)
	}
	return t.State.PeerCertificates[0].VerifyHostname(host)
}

// GetSecurityValue returns what channelz would show.
func (t TLSInfo) GetSecurityValue() ChannelzSecurityValue {
	v := &TLSChannelzSecurityValue{StandardName: fmt.Sprintf("unknown ID: %d", t.State.CipherSuite)}
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if suite.ID == t.State.CipherSuite {
			v.StandardName = suite.Name
			break
		}
	}
	if certs := t.State.PeerCertificates; len(certs) > 0 {
		v.RemoteCertificate = certs[0].Raw
	}
	return v
}

// errNoHandshake is what transport credentials answer when somebody does call them.
var errNoHandshake = errors.New("credentials: a guest has no connections to secure; the host terminates TLS")

// tlsCreds stands for TLS that the host terminates.
type tlsCreds struct{ security.TLS }

// CofaasTLS implements [security.Describer].
func (c *tlsCreds) CofaasTLS() security.TLS { return c.TLS }

func (c *tlsCreds) ClientHandshake(context.Context, string, net.Conn) (net.Conn, AuthInfo, error) {
	return nil, nil, errNoHandshake
}

func (c *tlsCreds) ServerHandshake(net.Conn) (net.Conn, AuthInfo, error) {
	return nil, nil, errNoHandshake
}

func (c *tlsCreds) Info() ProtocolInfo {
	return ProtocolInfo{SecurityProtocol: "tls", SecurityVersion: "1.2", ServerName: c.ServerName}
}

func (c *tlsCreds) Clone() TransportCredentials {
	clone := *c
	return &clone
}

func (c *tlsCreds) OverrideServerName(name string) error {
	c.ServerName = name
	return nil
}

// NewTLS returns credentials for TLS. In a guest, c.ServerName is the authority, and calls that leave the host use RootCAs,
// InsecureSkipVerify and MinVersion. They fail if there are client certificates or functions in c, which the host cannot call. A pool
// without certificates, as x509.SystemCertPool returns it to a guest, stands for the host's roots.
func NewTLS(c *tls.Config) TransportCredentials {
	creds := &tlsCreds{}
	if c == nil {
		return creds
	}
	creds.ServerName, creds.SkipVerify, creds.MinVersion = c.ServerName, c.InsecureSkipVerify, c.MinVersion
	creds.trust(c.RootCAs)
	switch {
	case len(c.Certificates) > 0 || c.GetClientCertificate != nil:
		creds.Problem = "its credentials have a client certificate, which the host cannot use"
	case c.VerifyPeerCertificate != nil || c.VerifyConnection != nil || c.EncryptedClientHelloConfigList != nil:
		creds.Problem = "its tls.Config verifies connections in a way that the host cannot"
	}
	return creds
}

// trust sets the certificates to trust. Only calls that leave the host need to know of a problem.
func (c *tlsCreds) trust(pool *x509.CertPool) {
	var err error
	if c.CA, err = poolPEM(pool); err != nil {
		c.Problem = "its credentials: " + err.Error()
	}
}

// NewClientTLSFromCert returns credentials for a client that trusts the certificates in cp, or for nil, those that the host trusts.
func NewClientTLSFromCert(cp *x509.CertPool, serverNameOverride string) TransportCredentials {
	creds := &tlsCreds{}
	creds.ServerName = serverNameOverride
	creds.trust(cp)
	return creds
}

// NewClientTLSFromFile returns credentials for a client that trusts the certificates in a file. In a guest the file is not read, so it
// need not exist there: the host has it if its operator says so, for calls that leave the host.
func NewClientTLSFromFile(certFile, serverNameOverride string) (TransportCredentials, error) {
	creds := &tlsCreds{}
	creds.ServerName, creds.CAFile = serverNameOverride, certFile
	return creds, nil
}

// NewServerTLSFromCert returns credentials for a server. Inert in a guest: the host has the certificate.
func NewServerTLSFromCert(cert *tls.Certificate) TransportCredentials { return &tlsCreds{} }

// NewServerTLSFromFile returns credentials for a server. Inert in a guest: the files are not read, so they need not
// exist there; the host has the certificate.
func NewServerTLSFromFile(certFile, keyFile string) (TransportCredentials, error) {
	return &tlsCreds{}, nil
}
