package mounts

import (
	"archive/zip"
	"bytes"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// environment is that of a host.
type environment map[string]string

func (e environment) lookup(key string) (string, bool) {
	value, ok := e[key]
	return value, ok
}

func system(t *testing.T, e environment) *System {
	t.Helper()
	s := OpenSystem(e.lookup)
	t.Cleanup(s.Close)
	return s
}

// zones makes a folder of zones from those that this Go has.
func zones(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		var data []byte
		for _, place := range []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"} {
			if found, err := os.ReadFile(filepath.Join(place, name)); err == nil {
				data = found
			}
		}
		if data == nil {
			data = fromGo(t, name)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSystem_AddZones(t *testing.T) {
	dir := zones(t, "Europe/Berlin", "Etc/UTC")
	berlin, err := os.ReadFile(filepath.Join(dir, "Europe/Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		tz    string
		env   string
		local bool
	}{
		{"Europe/Berlin", "ZONEINFO=/usr/share/zoneinfo TZ=Europe/Berlin", false},
		{":Europe/Berlin", "ZONEINFO=/usr/share/zoneinfo TZ=Europe/Berlin", false},
		{"", "ZONEINFO=/usr/share/zoneinfo", false},
		{filepath.ToSlash(filepath.Join(dir, "Europe/Berlin")), "ZONEINFO=/usr/share/zoneinfo", true},
		{filepath.ToSlash(filepath.Join(dir, "Etc/UTC")), "ZONEINFO=/usr/share/zoneinfo", false},
		{"/none", "ZONEINFO=/usr/share/zoneinfo", false},
	} {
		var tree Tree
		env, err := system(t, environment{"ZONEINFO": dir, "TZ": tt.tz}).AddZones(&tree)
		if err != nil || strings.Join(env, " ") != tt.env {
			t.Errorf("%q: got %s, %v", tt.tz, env, err)
		}
		if got, err := fs.ReadFile(&tree, "usr/share/zoneinfo/Europe/Berlin"); err != nil || !bytes.Equal(got, berlin) {
			t.Errorf("%q: got %d bytes, %v", tt.tz, len(got), err)
		}
		if got, err := fs.ReadFile(&tree, "etc/localtime"); (err == nil) != tt.local || tt.local && !bytes.Equal(got, berlin) {
			t.Errorf("%q: local time: got %d bytes, %v", tt.tz, len(got), err)
		}
	}
}

// A host that has Go and no zones has those of Go.
func TestSystem_AddZones_zip(t *testing.T) {
	dir := zones(t, "Europe/Berlin")
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "zoneinfo.zip")
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var tree Tree
	if _, err := system(t, environment{"ZONEINFO": name, "TZ": ""}).AddZones(&tree); err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(&tree, "usr/share/zoneinfo/Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if loc, err := time.LoadLocationFromTZData("Europe/Berlin", data); err != nil || loc.String() != "Europe/Berlin" {
		t.Errorf("got %v, %v", loc, err)
	}
}

func TestSystem_AddNetwork(t *testing.T) {
	cert, other := certificate(t), certificate(t)
	dir := write(t, map[string]string{
		"bundle.pem": "# a comment\n" + cert, "both.pem": "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n" + cert,
		"certs/a.pem": cert, "certs/b.crt": other + cert, "certs/notes.txt": "none",
	})
	for _, tt := range []struct {
		name string
		env  environment
		want string
	}{
		{"file", environment{"SSL_CERT_FILE": dir + "/bundle.pem", "SSL_CERT_DIR": dir + "/none"}, cert},
		{"key", environment{"SSL_CERT_FILE": dir + "/both.pem", "SSL_CERT_DIR": dir + "/none"}, cert},
		{"folder", environment{"SSL_CERT_FILE": dir + "/none", "SSL_CERT_DIR": dir + "/certs"}, cert + other},
		{"both", environment{"SSL_CERT_FILE": dir + "/bundle.pem", "SSL_CERT_DIR": dir + "/certs"}, cert + other},
	} {
		var tree Tree
		env, err := system(t, tt.env).AddNetwork(&tree)
		if err != nil || !slices.Equal(env, []string{"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"}) {
			t.Errorf("%s: got %s, %v", tt.name, env, err)
		}
		got, err := fs.ReadFile(&tree, "etc/ssl/certs/ca-certificates.crt")
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v", tt.name, got, err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(got) {
			t.Errorf("%s: no certificate", tt.name)
		}
		if hosts, err := fs.ReadFile(&tree, "etc/hosts"); err != nil || string(hosts) != "127.0.0.1\tlocalhost\n::1\tlocalhost\n" {
			t.Errorf("%s: hosts: %q, %v", tt.name, hosts, err)
		}
	}
}

// A guest trusts whom this process trusts.
func TestSystem_AddNetwork_host(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("package x509 asks others than files there")
	}
	var tree Tree
	if _, err := system(t, environment{"SSL_CERT_FILE": os.Getenv("SSL_CERT_FILE"), "SSL_CERT_DIR": os.Getenv("SSL_CERT_DIR")}).AddNetwork(&tree); err != nil {
		t.Fatal(err)
	}
	want, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	got := x509.NewCertPool()
	data, err := fs.ReadFile(&tree, "etc/ssl/certs/ca-certificates.crt")
	if err != nil && !want.Equal(got) {
		t.Fatal(err)
	}
	got.AppendCertsFromPEM(data)
	if !got.Equal(want) {
		t.Errorf("%d bytes of certificates are not what this process trusts", len(data))
	}
}
