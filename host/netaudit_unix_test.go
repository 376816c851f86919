//go:build unix

package host

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A host prints the result of an audit when it is asked to, and when it ends.
func TestRun_netAudit(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stderr lockedBuffer
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, relayApp(t), []string{"-addr", "unix:" + filepath.Join(t.TempDir(), "s"), "-cache-dir", "off", "-net-audit"}, &stderr)
	}()
	waitFor(t, func() bool { return strings.Contains(stderr.String(), "msg=serving") })
	const line = "net-audit: no function has connected to anything until now\n"
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return strings.Count(stderr.String(), line) == 1 })
	stop()
	if code := <-done; code != 0 {
		t.Errorf("got exit code %d", code)
	}
	if got := stderr.String(); strings.Count(got, line) != 2 || !strings.Contains(got, "every function may connect to everything") {
		t.Errorf("got %s", got)
	}
}
