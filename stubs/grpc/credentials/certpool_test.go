package credentials

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
)

// TestPool fails when package x509 keeps certificates in another way than poolPEM knows.
func TestPool(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pool, want := x509.NewCertPool(), ""
	for i := range 3 {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i))}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		want += string(text)
		if i == 0 {
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			pool.AddCert(cert)
		} else if !pool.AppendCertsFromPEM(text) {
			t.Fatal("not a certificate")
		}
	}
	if got, err := poolPEM(pool); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	for _, empty := range []*x509.CertPool{nil, x509.NewCertPool()} {
		if got, err := poolPEM(empty); err != nil || got != "" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	cert, _ := pem.Decode([]byte(want))
	parsed, err := x509.ParseCertificate(cert.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCertWithConstraint(parsed, func([]*x509.Certificate) error { return nil })
	if _, err := poolPEM(pool); err == nil {
		t.Error("a pool with a constraint can be read")
	}
	if creds := NewClientTLSFromCert(pool, "").(*tlsCreds); creds.Problem == "" {
		t.Error("credentials that cannot be read have no problem")
	}
}
