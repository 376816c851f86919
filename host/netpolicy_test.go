package host

import (
	"bytes"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

// newNetworkHost starts a host whose front states something of itself.
func newNetworkHost(t *testing.T, opts Options) *Host {
	t.Helper()
	app := relayApp(t)
	app.Functions[0].Allow, app.Functions[0].Listen = []string{"own:1"}, []string{"9090"}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := New(t.Context(), app, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func TestHost_policies(t *testing.T) {
	var log lockedBuffer
	h := newNetworkHost(t, Options{
		Allow:  map[string][]string{"front": {"10.0.0.1:1", "udp:10.0.0.2:53"}, "": {"[::1]:5"}, "back": {"none"}},
		Listen: map[string][]string{"front": {"9090=localhost:19090"}, "back": {"80=unix:/b"}},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	front, back := h.networkOf("front"), h.networkOf("back")
	front.Answered("own", []netip.Addr{netip.MustParseAddr("10.0.0.7")})
	back.Answered("own", []netip.Addr{netip.MustParseAddr("10.0.0.7")})
	for _, address := range []string{"10.0.0.7:1", "10.0.0.1:1", "[::1]:5"} {
		if err := front.Dial("tcp", address); err != nil {
			t.Error(err)
		}
	}
	if err := back.Dial("tcp", "[::1]:5"); err != nil {
		t.Error(err)
	}
	const want = `cofaas policy: function "back" may not connect to own:1; its outbound allow-list is: [::1]:5`
	if err := back.Dial("tcp", "10.0.0.7:1"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := front.Lookup("own"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), `level=WARN msg="the policy refused: the function may not connect to own:1" function=back allow="-allow back=own:1"`) {
		t.Errorf("logged\n%s", log.String())
	}
	for _, tt := range []struct {
		policy                          sockets.Policy
		network, address                string
		hostNetwork, hostAddress, other string
	}{
		{front, "tcp", ":9090", "tcp", "127.0.0.1:19090", "[::1]:19090"},
		{back, "tcp4", "127.0.0.1:80", "unix", "/b", ""},
		{front, "udp", ":0", "udp", ":0", ""},
	} {
		network, address, err := tt.policy.Listen(tt.network, tt.address)
		if err != nil || network != tt.hostNetwork || address != tt.hostAddress && address != tt.other {
			t.Errorf("%s %s: got %s %s, %v", tt.network, tt.address, network, address, err)
		}
	}
	for _, policy := range []sockets.Policy{front, back} {
		if _, _, err := policy.Listen("tcp", ":1"); err != sockets.ErrPrivate {
			t.Errorf("got %v", err)
		}
	}
}

// An operator can leave out what a function states itself.
func TestHost_policies_none(t *testing.T) {
	h := newNetworkHost(t, Options{Allow: map[string][]string{"": {"none"}}, Listen: map[string][]string{"front": {"none"}}})
	if err := h.networkOf("front").Lookup("own"); err == nil || !strings.HasSuffix(err.Error(), "allow-list is empty") {
		t.Errorf("got %v", err)
	}
	if _, _, err := h.networkOf("front").Listen("tcp", ":9090"); err != sockets.ErrPrivate {
		t.Errorf("got %v", err)
	}
}

func TestHost_policies_Errors(t *testing.T) {
	app := relayApp(t)
	app.Functions[0].Allow, app.Functions[1].Listen = []string{"own"}, []string{"x"}
	_, err := New(t.Context(), app, Options{
		Allow: map[string][]string{"front": {"a,b"}, "other": nil}, Listen: map[string][]string{"gone": nil, "front": {"1=no.such.name.invalid:1"}},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`allow-lists: there is no function "other"; the functions are front, back`,
		`mappings of listeners: there is no function "gone"; the functions are front, back`,
		`function front: what it may connect to: column 1: "own": it has no port`,
		`column 3: "b": it has no port`,
		`function front: where it is served: lookup no.such.name.invalid`,
		`function back: where it is served: column 1: "x": "x" is no port`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwhich lacks %s", err, want)
		}
	}
	_, err = New(t.Context(), relayApp(t), Options{Mounts: map[string][]Mount{"other": nil, "front": {{"/a", "/no/such/file"}}}, Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), `mounts: there is no function "other"; the functions are front, back`) ||
		!strings.Contains(err.Error(), "function front: files: /a=/no/such/file: stat /no/such/file") {
		t.Errorf("got %v", err)
	}
}

func TestHost_descriptors(t *testing.T) {
	h := newNetworkHost(t, Options{MaxDescriptors: 3, MaxDescriptorsOf: map[string]int{"back": 1}, Allow: map[string][]string{"": {"udp:127.0.0.1:9"}}})
	for name, want := range map[string]int{"front": 3, "back": 1} {
		table := h.functions[name].network.NewTable(func() {})
		got := 0
		for ; got < 10; got++ {
			if _, errno := table.Listen("udp", "127.0.0.1:0"); errno != sockets.ErrnoSuccess {
				break
			}
		}
		table.CloseAll()
		if got != want {
			t.Errorf("%s: got %d descriptors, want %d", name, got, want)
		}
	}
}

func TestHost_files(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"conf/a": "A", "conf/sub/b": "B", "file": "F"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h := newNetworkHost(t, Options{Mounts: map[string][]Mount{"front": {{"/etc/app/sub/b", dir + "/file"}, {"/etc/app", dir + "/conf"}}}})
	front, back := h.functions["front"].config(nil), h.functions["back"].config(nil)
	if len(front.Mounts) != 1 || front.Mounts[0].Guest != "/" {
		t.Fatalf("got %v", front.Mounts)
	}
	for name, want := range map[string]string{"etc/app/a": "A", "etc/app/sub/b": "F", "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n"} {
		if got, err := fs.ReadFile(front.Mounts[0].FS, name); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if !slices.Contains(front.Env, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt") {
		t.Errorf("got %s", front.Env)
	}
	// Who connects to nothing has what tells nothing.
	for _, kv := range back.Env {
		if strings.HasPrefix(kv, "SSL_") {
			t.Errorf("got %s", kv)
		}
	}
	for _, m := range back.Mounts {
		for _, name := range []string{"etc/hosts", "etc/resolv.conf", "etc/ssl", "etc/app"} {
			if _, err := fs.Stat(m.FS, name); err == nil {
				t.Errorf("back has %s", name)
			}
		}
	}
}

// What the operator sets comes last, and wins.
func TestHost_files_env(t *testing.T) {
	h := newNetworkHost(t, Options{Env: map[string][]string{"front": {"SSL_CERT_FILE=/mine", "TZ=UTC"}}})
	env := h.functions["front"].config(nil).Env
	if got := env[len(env)-2:]; !slices.Equal(got, []string{"SSL_CERT_FILE=/mine", "TZ=UTC"}) {
		t.Errorf("got %s", env)
	}
}

func TestHost_netAudit(t *testing.T) {
	h := newNetworkHost(t, Options{NetAudit: true})
	const idle = "net-audit: no function has connected to anything until now\nnet-audit: functions that did nothing on the network: front, back\n"
	if got := h.netAudit(); got != idle {
		t.Errorf("got %s", got)
	}
	front := h.networkOf("front")
	for _, err := range []error{front.Lookup("cache"), front.Dial("tcp", "10.0.0.9:80"), front.Dial("unix", "/run/a b")} {
		if err != nil {
			t.Error(err)
		}
	}
	front.Answered("cache", []netip.Addr{netip.MustParseAddr("10.0.0.7")})
	if err := front.Dial("tcp", "10.0.0.7:6379"); err != nil {
		t.Error(err)
	}
	for _, address := range []string{":9090", ":9091"} {
		_, _, _ = front.Listen("tcp", address)
	}
	const want = `net-audit: for what has happened until now, these flags would have sufficed:
  -allow 'front=10.0.0.9:80,cache:6379,unix:/run/a b'
net-audit: functions have listened where the host serves nothing; these flags would have it served:
  -listen front:9091=ADDRESS
net-audit: functions that did nothing on the network: back
`
	if got := h.netAudit(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	reply := httptest.NewRecorder()
	h.debugHandler().ServeHTTP(reply, httptest.NewRequest("GET", "/debug/net-audit", nil))
	if reply.Code != http.StatusOK || reply.Body.String() != want {
		t.Errorf("got %d, %s", reply.Code, reply.Body)
	}
	var stderr bytes.Buffer
	(&settings{netAudit: true, stderr: &stderr}).audit(h)()
	if stderr.String() != want {
		t.Errorf("got\n%s\nwant\n%s", stderr.String(), want)
	}
	reply = httptest.NewRecorder()
	newNetworkHost(t, Options{}).debugHandler().ServeHTTP(reply, httptest.NewRequest("GET", "/debug/net-audit", nil))
	if reply.Code != http.StatusNotFound {
		t.Errorf("got %d without an audit", reply.Code)
	}
}
