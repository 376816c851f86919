package credentials_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"testing"

	real "google.golang.org/grpc/credentials"
	reallocal "google.golang.org/grpc/credentials/local"

	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/credentials/local"
)

func TestTLSInfo(t *testing.T) {
	cert := &x509.Certificate{Raw: []byte("raw"), DNSNames: []string{"example.com"}}
	for _, state := range []tls.ConnectionState{
		{},
		{CipherSuite: tls.TLS_AES_128_GCM_SHA256, PeerCertificates: []*x509.Certificate{cert}},
		{CipherSuite: tls.TLS_RSA_WITH_RC4_128_SHA},
		{CipherSuite: 1},
	} {
		s, r := credentials.TLSInfo{State: state}, real.TLSInfo{State: state}
		for _, authority := range []string{"example.com", "example.com:443", "example.org"} {
			if got, want := s.ValidateAuthority(authority), r.ValidateAuthority(authority); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %v, grpc-go %v", authority, got, want)
			}
		}
		got, want := s.GetSecurityValue().(*credentials.TLSChannelzSecurityValue), r.GetSecurityValue().(*real.TLSChannelzSecurityValue)
		if got.StandardName != want.StandardName || string(got.RemoteCertificate) != string(want.RemoteCertificate) || s.AuthType() != r.AuthType() {
			t.Errorf("got %v, grpc-go %v", got, want)
		}
	}
	if credentials.ClientHandshakeInfoFromContext(t.Context()).Attributes != nil {
		t.Error("attributes without a handshake")
	}
}

// remote is a connection to an address.
type remote struct {
	net.Conn
	network, address string
}

func (r remote) RemoteAddr() net.Addr { return r }
func (r remote) Network() string      { return r.network }
func (r remote) String() string       { return r.address }

func TestLocal(t *testing.T) {
	s, r := local.NewCredentials(), reallocal.NewCredentials()
	s.OverrideServerName("name")
	r.OverrideServerName("name")
	s, r = s.Clone(), r.Clone()
	if got, want := fmt.Sprint(s.Info()), fmt.Sprint(r.Info()); got != want {
		t.Errorf("got %s, grpc-go %s", got, want)
	}
	for _, c := range []remote{
		{nil, "tcp", "127.0.0.1:1"}, {nil, "tcp", "[::1]:1"}, {nil, "tcp", "10.0.0.1:1"}, {nil, "unix", "@"}, {nil, "pipe", `\\.\pipe\x`}, {nil, "cofaas", "cofaas"},
	} {
		_, si, serr := s.ServerHandshake(c)
		_, ri, rerr := r.ServerHandshake(c)
		if fmt.Sprint(si, serr) != fmt.Sprint(ri, rerr) {
			t.Errorf("%v: got %v %v, grpc-go %v %v", c, si, serr, ri, rerr)
		}
		_, si, serr = s.ClientHandshake(context.Background(), "", c)
		if fmt.Sprint(si, serr) != fmt.Sprint(ri, rerr) {
			t.Errorf("%v: got %v %v, grpc-go %v %v", c, si, serr, ri, rerr)
		}
		if si != nil && (si.AuthType() != ri.AuthType() || si.(credentials.AuthorityValidator).ValidateAuthority("x") != nil) {
			t.Errorf("%v: %v", c, si)
		}
	}
}
