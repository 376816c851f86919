package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

// probe is testdata/probe, built natively and for guests.
type probe struct{ native, guest string }

func buildProbe(t *testing.T) *probe {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := t.TempDir()
	p := &probe{native: filepath.Join(dir, "probe"), guest: filepath.Join(dir, "probe.wasm")}
	gc, err := newGoCommand(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("testdata/probe/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	for i, name := range sources {
		if sources[i], err = filepath.Abs(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, cmd := range []*exec.Cmd{
		gc.command(t.Context(), "build", append([]string{"-o", p.guest}, sources...)...),
		exec.CommandContext(t.Context(), "go", append([]string{"build", "-o", p.native}, sources...)...),
	} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
	return p
}

// run runs a section in a guest.
func (p *probe) run(t *testing.T, section string, config sockets.Config) string {
	t.Helper()
	var out bytes.Buffer
	prog := program{file: p.guest, args: []string{section}, network: config, stdout: &out, stderr: &out}
	if code, err := prog.run(t.Context()); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v:\n%s", code, err, out.Bytes())
	}
	return out.String()
}

// runNative runs a section natively.
func (p *probe) runNative(t *testing.T, section string, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.native, section)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("natively: %v:\n%s", err, out)
	}
	return string(out)
}

// TestGuest wants programs to see in a guest what they see natively.
func TestGuest(t *testing.T) {
	p := buildProbe(t)
	for _, section := range []string{"tcp", "udp", "unix", "errors", "options", "interfaces", "files", "http", "tls"} {
		t.Run(section, func(t *testing.T) {
			if diff := cmp.Diff(p.runNative(t, section), p.run(t, section, sockets.Config{Policy: open{}})); diff != "" {
				t.Errorf("natively (-), in a guest (+):\n%s", diff)
			}
		})
	}
	t.Run("names", func(t *testing.T) {
		server := serveDNS(t)
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server)
		}}
		got := p.run(t, "names", sockets.Config{Policy: open{}, Resolver: resolver})
		if diff := cmp.Diff(p.runNative(t, "names", "PROBE_DNS="+server), got); diff != "" {
			t.Errorf("natively (-), in a guest (+):\n%s", diff)
		}
		// What the guest's program sets itself is not the host's matter.
		t.Setenv("PROBE_DNS", server)
		if diff := cmp.Diff(got, p.run(t, "names", sockets.Config{Policy: noLookups{}})); diff != "" {
			t.Errorf("the host's resolver (-), the guest's (+):\n%s", diff)
		}
	})
}

// noLookups allows all but look-ups.
type noLookups struct{ open }

func (noLookups) Lookup(name string) error { return fmt.Errorf("look-up of %s", name) }

// nothing allows nothing, and maps nothing but datagram sockets.
type nothing struct{}

func (nothing) Dial(_, address string) error         { return errors.New("policy: no way to " + address) }
func (nothing) Lookup(name string) error             { return errors.New("policy: no look-up of " + name) }
func (nothing) Answered(name string, _ []netip.Addr) { panic("asked about " + name) }
func (nothing) Listen(network, address string) (string, string, error) {
	switch {
	case network == "udp" && strings.HasPrefix(address, "192.0.2.1:"):
		return network, "127.0.0.1:0", nil
	case address == "192.0.2.1:80":
		return "", "", errors.New("policy: no listener at " + address)
	}
	return "", "", sockets.ErrPrivate
}

// TestPrivate wants what is not mapped to stay within the guest, and to work there.
func TestPrivate(t *testing.T) {
	const want = `== private
[::]:9090
twice true
127.0.0.1:9090: hello from 127.0.0.1:9090
localhost:9090: hello from 127.0.0.1:9090
[::1]:9090: hello from [::1]:9090
:9090: hello from 127.0.0.1:9090
datagram true <nil>
/no/such/folder/socket
control tcp4 127.0.0.1:9090
listen udp 224.0.0.254:5353: Protocol not available
`
	if diff := cmp.Diff(want, buildProbe(t).run(t, "private", sockets.Config{Policy: nothing{}})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRefused wants refusals to reach programs as errors with the policy's text.
func TestRefused(t *testing.T) {
	const want = `== refused
dial tcp 192.0.2.1:80: policy: no way to 192.0.2.1:80
true true true
dial tcp: lookup example.com: policy: no look-up of example.com
true true true
lookup example.com: policy: no look-up of example.com
true true true
dial unix /var/run/other.sock: policy: no way to /var/run/other.sock
true true true
listen tcp 192.0.2.1:80: policy: no listener at 192.0.2.1:80
true true true
write udp 192.0.2.1:1->192.0.2.1:53: policy: no way to 192.0.2.1:53
true true true
`
	if diff := cmp.Diff(want, buildProbe(t).run(t, "refused", sockets.Config{Policy: nothing{}})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
