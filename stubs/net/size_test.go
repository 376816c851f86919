package net_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A guest that listens must not link what looks names up: that is a large part of net, and a host checks all of it at each
// start.
func TestListen_withoutResolver(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a guest")
	}
	wasm := filepath.Join(t.TempDir(), "listen.wasm")
	cmd := exec.Command("go", "build", "-o", wasm, "./testdata/listen")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	guest, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"net.SplitHostPort": true, "net.(*Resolver).lookupIP": false, "net.(*Dialer).DialContext": false} {
		if got := bytes.Contains(guest, []byte(name)); got != want {
			t.Errorf("has %s: %v", name, got)
		}
	}
}
