package grpcapi

import (
	"strings"
	"testing"
)

func TestRefused(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Refused() {
		if !strings.HasPrefix(r.Path, "google.golang.org/grpc") || r.Reason == "" || strings.HasSuffix(r.Reason, ".") {
			t.Errorf("%s: %q", r, r.Reason)
		}
		if seen[r.String()] {
			t.Errorf("%s is there twice", r)
		}
		seen[r.String()] = true
	}
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		path, symbol, want string
	}{
		{"google.golang.org/grpc", "Server.ServeHTTP", "google.golang.org/grpc.Server.ServeHTTP"},
		{"google.golang.org/grpc", "PreparedMsg.Encode", "google.golang.org/grpc.PreparedMsg"},
		{"google.golang.org/grpc", "PreparedMsgs", ""},
		{"google.golang.org/grpc", "Server", ""},
		{"google.golang.org/grpc", "", ""},
		{"google.golang.org/grpc/tap", "", "google.golang.org/grpc/tap"},
		{"google.golang.org/grpc/tap", "Info", "google.golang.org/grpc/tap"},
		{"google.golang.org/grpc/tape", "", ""},
		{"google.golang.org/grpc/xds", "", "google.golang.org/grpc/xds/..."},
		{"google.golang.org/grpc/xds/csds", "New", "google.golang.org/grpc/xds/..."},
		{"google.golang.org/grpc/xdsx", "", ""},
	} {
		r, ok := Find(tt.path, tt.symbol)
		if !ok && tt.want != "" || ok && r.String() != tt.want {
			t.Errorf("%s %s: got %v, %t", tt.path, tt.symbol, r, ok)
		}
	}
}
