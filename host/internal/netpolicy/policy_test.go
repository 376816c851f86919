package netpolicy

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/netrules"
)

// newPolicy returns the policy of a function cart with a list, and its log.
func newPolicy(t testing.TB, allow string, audit bool) (*Policy, *bytes.Buffer) {
	t.Helper()
	var entries []netrules.Entry
	if allow != "" {
		var err error
		if entries, err = netrules.Parse(allow); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	return New(Config{Function: "cart", Allow: entries, Audit: audit, Log: slog.New(slog.NewTextHandler(&log, nil))}), &log
}

func (p *Policy) answer(name string, addrs ...string) {
	var parsed []netip.Addr
	for _, a := range addrs {
		parsed = append(parsed, netip.MustParseAddr(a))
	}
	p.Answered(name, parsed)
}

func TestPolicy_Dial(t *testing.T) {
	for _, tt := range []struct {
		allow, answers, network, address string
		want                             string // the error after the name of the function, or nothing
	}{
		{"10.0.0.5:6379", "", "tcp", "10.0.0.5:6379", ""},
		{"10.0.0.5:6379", "", "tcp4", "10.0.0.5:6379", ""},
		{"10.0.0.5:6379", "", "tcp6", "[::ffff:10.0.0.5]:6379", ""},
		{"10.0.0.5:6379", "", "udp", "10.0.0.5:6379", "may not connect to 10.0.0.5:6379; its outbound allow-list is: 10.0.0.5:6379"},
		{"", "", "tcp", "10.0.0.5:6379", "may not connect to 10.0.0.5:6379; its outbound allow-list is empty"},
		{"", "", "tcp", "[2001:db8::1]:80", "may not connect to [2001:db8::1]:80; its outbound allow-list is empty"},
		{"cache:6379", "cache=10.0.0.5", "tcp", "10.0.0.5:6379", ""},
		{"cache:6379", "CACHE.=::ffff:10.0.0.5", "tcp", "10.0.0.5:6379", ""},
		{"cache:6379", "cache=10.0.0.5", "tcp", "[::ffff:10.0.0.5]:6379", ""},
		{"cache:6379", "cache=10.0.0.5", "tcp", "10.0.0.5:6380", "may not connect to cache:6380; its outbound allow-list is: cache:6379"},
		{"cache:6379", "cache=10.0.0.5", "udp", "10.0.0.5:6379", "may not connect to cache:6379; its outbound allow-list is: cache:6379"},
		{"cache:6379", "", "tcp", "10.0.0.5:6379", "may not connect to 10.0.0.5:6379; its outbound allow-list is: cache:6379"},
		{"cache:6379", "cache=fe80::1%eth0", "tcp", "[fe80::1%eth0]:6379", "may not connect to cache:6379 at [fe80::1%eth0]; its outbound allow-list is: cache:6379, " +
			"which opens [fe80::1%eth0] only by an entry with the address"},
		// What another name gave is open for the ports of that name alone.
		{"cache:6379,db:5432", "cache=10.0.0.5 db=10.0.0.6", "tcp", "10.0.0.6:6379", "may not connect to db:6379; its outbound allow-list is: cache:6379, db:5432"},
		{"cache:6379,db:5432", "cache=10.0.0.5 db=10.0.0.5", "tcp", "10.0.0.5:5432", ""},
		{"*.example.com:443", "a.example.com=10.0.0.5", "tcp", "10.0.0.5:443", ""},
		{"*.example.com:443", "a.example.com=169.254.169.254", "tcp", "169.254.169.254:443",
			"may not connect to a.example.com:443 at 169.254.169.254; its outbound allow-list is: *.example.com:443, which opens 169.254.169.254 only by an entry with the address"},
		{"*.example.com:443,169.254.169.254:443", "a.example.com=169.254.169.254", "tcp", "169.254.169.254:443", ""},
		{"*:443", "", "tcp", "1.1.1.1:443", ""},
		{"*:443", "", "tcp", "127.0.0.1:443", "may not connect to 127.0.0.1:443; its outbound allow-list is: *:443, which opens 127.0.0.1 only by an entry with the address"},
		{"*:443", "", "tcp", "127.0.0.1:80", "may not connect to 127.0.0.1:80; its outbound allow-list is: *:443"},
		{"localhost:1", "", "tcp", "0.0.0.0:1", ""},
		{"localhost:1", "", "tcp", "[::1]:1", ""},
		{"udp:10.0.0.2:53", "", "udp4", "10.0.0.2:53", ""},
		{"unix:/run/a", "", "unix", "/run/a", ""},
		{"unix:/run/a", "", "unixgram", "/run/a", ""},
		{"unix:/run/a", "", "unixpacket", "/run/./a", "may not connect to unix:/run/./a; its outbound allow-list is: unix:/run/a"},
		{"unix:/run/a", "", "tcp", "/run/a", "may not connect to /run/a, which is no address; its outbound allow-list is: unix:/run/a"},
		{"*", "", "unix", "@any", ""},
		{"*", "", "udp", "224.0.0.1:5353", ""},
		{"*", "", "ip4:icmp", "1.1.1.1:1", "may not connect to \"ip4:icmp 1.1.1.1:1\"; its outbound allow-list is: *"},
		{"*", "", "tcp", "cache:6379", "may not connect to cache:6379, which is no address; its outbound allow-list is: *"},
		{"*", "", "tcp", "", "may not connect to , which is no address; its outbound allow-list is: *"},
		{"lookup:cache", "cache=10.0.0.5", "tcp", "10.0.0.5:80", "may not connect to cache:80; its outbound allow-list is: lookup:cache"},
	} {
		p, _ := newPolicy(t, tt.allow, false)
		for _, answer := range strings.Fields(tt.answers) {
			name, addr, _ := strings.Cut(answer, "=")
			p.answer(name, addr)
		}
		got, want := "", ""
		if err := p.Dial(tt.network, tt.address); err != nil {
			got = err.Error()
		}
		if tt.want != "" {
			want = `cofaas policy: function "cart" ` + tt.want
		}
		if got != want {
			t.Errorf("%q after %q: %s %s:\ngot  %s\nwant %s", tt.allow, tt.answers, tt.network, tt.address, got, want)
		}
	}
}

func TestPolicy_Lookup(t *testing.T) {
	for _, tt := range []struct {
		allow, name string
		want        string
	}{
		{"cache:6379", "cache", ""},
		{"cache:6379", "Cache.", ""},
		{"cache:6379", "db", "may not look up db; its outbound allow-list is: cache:6379"},
		{"", "db", "may not look up db; its outbound allow-list is empty"},
		{"", "LocalHost.", ""},
		{"", "localhost.example.com", "may not look up localhost.example.com; its outbound allow-list is empty"},
		{"cluster.example.net:27017", "_mongodb._tcp.cluster.example.net", ""},
		{"*.example.net:27017", "_mongodb._tcp.cluster.example.net", ""},
		{"cluster.example.net:27017", "_mongodb._tcp.example.net", "may not look up _mongodb._tcp.example.net; its outbound allow-list is: cluster.example.net:27017"},
		{"cluster.example.net:27017", "a.cluster.example.net", "may not look up a.cluster.example.net; its outbound allow-list is: cluster.example.net:27017"},
		{"10.0.0.0/8:80", "10.0.0.1", ""},
		{"10.0.0.0/8:80", "::ffff:10.0.0.1", ""},
		{"10.0.0.0/8:80", "11.0.0.1", "may not look up 11.0.0.1; its outbound allow-list is: 10.0.0.0/8:80"},
		{"unix:/a", "a", "may not look up a; its outbound allow-list is: unix:/a"},
		{"lookup:*", "a", ""},
		{"*", "a b", ""},
		{"a:1", "a b\n", `may not look up "a b\n"; its outbound allow-list is: a:1`},
		{"a:1", "", "may not look up ; its outbound allow-list is: a:1"},
	} {
		p, _ := newPolicy(t, tt.allow, false)
		got, want := "", ""
		if err := p.Lookup(tt.name); err != nil {
			got = err.Error()
		}
		if tt.want != "" {
			want = `cofaas policy: function "cart" ` + tt.want
		}
		if got != want {
			t.Errorf("%q: look-up of %q:\ngot  %s\nwant %s", tt.allow, tt.name, got, want)
		}
	}
}

// Addresses that a name gave have names again, as long as the name opens them.
func TestPolicy_Lookup_reverse(t *testing.T) {
	p, _ := newPolicy(t, "cache:6379", false)
	p.answer("cache", "10.0.0.5", "169.254.169.254")
	if err := p.Lookup("10.0.0.5"); err != nil {
		t.Error(err)
	}
	if err := p.Lookup("169.254.169.254"); err == nil {
		t.Error("an address may be looked up that is not open")
	}
}

func TestPolicy_listed(t *testing.T) {
	var entries []string
	for i := range 25 {
		entries = append(entries, fmt.Sprintf("h%d:1", i))
	}
	p, _ := newPolicy(t, strings.Join(entries, ","), false)
	if err := p.Lookup("other"); err == nil || !strings.HasSuffix(err.Error(), "h18:1, h19:1 and 5 more") {
		t.Errorf("got %v", err)
	}
}

func TestPolicy_Mapping(t *testing.T) {
	for _, tt := range []struct {
		listen, allow, network, address string
		want                            string
	}{
		{"9090=:19090", "", "tcp", ":9090", "tcp :19090"},
		{"9090=:19090", "", "tcp4", "127.0.0.1:9090", "tcp :19090"},
		{"9090=:19090", "", "tcp", "[::]:9090", "tcp :19090"},
		{"9090=:19090", "", "tcp", ":9091", ""},
		{"9090=:19090", "", "udp", ":9090", ""},
		{"9090=:19090", "", "tcp", "localhost:9090", ""}, // guests have looked it up
		{"9090=:1,9090=:2", "", "tcp", ":9090", "tcp :2"},
		{"9090=unix:/srv/a", "", "tcp", ":9090", "unix /srv/a"},
		{"0=:19090", "", "tcp", "", "tcp :19090"},
		{"0=:19090", "", "tcp", "127.0.0.1:0", "tcp :19090"},
		{"udp:5353=:53", "", "udp6", "[::1]:5353", "udp :53"},
		{"unix:/run/a=unix:/srv/a", "", "unixgram", "/run/a", "unixgram /srv/a"},
		{"unix:/run/a=unix:/srv/a", "", "unix", "/run/b", ""},
		{"unix:/run/a=:80", "", "unix", "/run/a", "tcp :80"},
		{"unix:/run/a=:80", "", "unixpacket", "/run/a", ""},
		{"", "udp:10.0.0.2:53", "udp", ":0", "udp :0"},
		{"", "udp:10.0.0.2:53", "udp4", "", "udp4 "},
		{"", "udp:10.0.0.2:53", "udp4", "224.0.0.1:0", ""},
		{"", "udp:10.0.0.2:53", "udp", ":5353", ""},
		{"", "10.0.0.2:53", "udp", ":0", ""},
		{"", "lookup:a", "udp", ":0", ""},
		{"", "udp:10.0.0.2:53", "tcp", ":0", ""},
		{"9090", "", "tcp", "9090", ""},
		{"9090", "", "tcp", ":-1", ""},
		{"9090", "", "sctp", ":9090", ""},
	} {
		p, _ := newPolicy(t, tt.allow, false)
		if tt.listen != "" {
			var err error
			if p.listen, err = netrules.ParseMappings(tt.listen); err != nil {
				t.Fatal(err)
			}
		}
		network, address, ok := p.Mapping(tt.network, tt.address)
		if got := network + " " + address; ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%q, %q: %s %s: got %q, %t, want %q", tt.listen, tt.allow, tt.network, tt.address, got, ok, tt.want)
		}
	}
}

// Memory is bounded, whatever a guest looks up, and what is used stays.
func TestPolicy_Answered_bounded(t *testing.T) {
	p, _ := newPolicy(t, "*.example.com:443", false)
	p.answer("used.example.com", "192.0.2.1")
	p.answer("idle.example.com", "192.0.2.2")
	for i := range 5 * maxAddrs {
		p.Answered(fmt.Sprintf("h%d.example.com", i), []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})})
		p.Answered(fmt.Sprintf("h%d.example.com", i), []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, 3})})
		if err := p.Dial("tcp", "192.0.2.1:443"); err != nil {
			t.Fatal(err)
		}
	}
	if n, names := p.answers.recent.Len(), len(p.answers.names(netip.MustParseAddr("192.0.2.3"))); n != maxAddrs || len(p.answers.byAddr) != n || names != maxNames {
		t.Errorf("%d addresses, %d in the map, %d names", n, len(p.answers.byAddr), names)
	}
	if err := p.Dial("tcp", "192.0.2.2:443"); err == nil {
		t.Error("the address that was not used is remembered")
	}
	p.answer(strings.Repeat("a", 1<<20), "192.0.2.9")
	if names := p.answers.names(netip.MustParseAddr("192.0.2.9")); names != nil {
		t.Error("a name is remembered that none can have")
	}
}

func TestPolicy_log(t *testing.T) {
	p, log := newPolicy(t, "cache:6379", false)
	now := time.Unix(1e9, 0)
	p.refused.now = func() time.Time { return now }
	p.answer("cache", "10.0.0.5", "169.254.0.1")
	lines := func() []string {
		var out []string
		for _, line := range strings.Split(strings.TrimSpace(log.String()), "\n") {
			_, line, _ = strings.Cut(line, "msg=")
			out = append(out, line)
		}
		log.Reset()
		return out
	}
	for range 3 {
		_ = p.Dial("tcp", "10.0.0.5:80")
		_ = p.Dial("udp", "10.0.0.6:53")
		_ = p.Dial("tcp", "169.254.0.1:6379")
		_ = p.Dial("unix", "/tmp/$(reboot)")
		_ = p.Lookup("db")
		_ = p.Lookup("_a._tcp.db")
		_ = p.Lookup("10.0.0.9")
		_ = p.Lookup("x; reboot")
		_ = p.Lookup("db:1,*")
		_ = p.Lookup("*")
		_ = p.Lookup("10.0.0.0/8")
		_ = p.Lookup("*.com")
		_ = p.Dial("unix", "/tmp/a,*")
	}
	want := []string{
		`"the policy refused: the function may not connect to cache:80" function=cart allow="-allow cart=cache:80"`,
		`"the policy refused: the function may not connect to 10.0.0.6:53" function=cart allow="-allow cart=udp:10.0.0.6:53"`,
		`"the policy refused: the function may not connect to cache:6379 at 169.254.0.1" function=cart allow="-allow cart=169.254.0.1:6379"`,
		`"the policy refused: the function may not connect to unix:/tmp/$(reboot)" function=cart allow="-allow 'cart=unix:/tmp/$(reboot)'"`,
		`"the policy refused: the function may not look up db" function=cart allow="-allow cart=db:PORT"`,
		`"the policy refused: the function may not look up _a._tcp.db" function=cart allow="-allow cart=db:PORT"`,
		`"the policy refused: the function may not look up 10.0.0.9" function=cart allow="-allow cart=lookup:10.0.0.9"`,
		`"the policy refused: the function may not look up \"x; reboot\"" function=cart`,
		`"the policy refused: the function may not look up db:1,*" function=cart`,
		`"the policy refused: the function may not look up *" function=cart`,
		`"the policy refused: the function may not look up 10.0.0.0/8" function=cart`,
		`"the policy refused: the function may not look up *.com" function=cart`,
		`"the policy refused: the function may not connect to unix:/tmp/a,*" function=cart`,
	}
	if got := lines(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	now = now.Add(LogInterval)
	_ = p.Dial("tcp", "10.0.0.5:80")
	if got := lines(); len(got) != 1 || got[0] != want[0] {
		t.Errorf("after the interval: got %q", got)
	}
	for i := range 1000 {
		_ = p.Dial("tcp", fmt.Sprintf("10.0.0.8:%d", i+1))
	}
	if got := lines(); len(got) != maxLogged-1 || len(p.refused.last) != maxLogged {
		t.Errorf("%d lines, and %d remembered", len(got), len(p.refused.last))
	}
	now = now.Add(LogInterval)
	_ = p.Dial("tcp", "10.0.0.5:80")
	if got := lines(); len(got) != 1 || got[0] != want[0]+" unreported=901" {
		t.Errorf("got %q", got)
	}
}

func TestPolicy_concurrent(t *testing.T) {
	for _, audit := range []bool{false, true} {
		p, _ := newPolicy(t, "*.example.com:443", audit)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 500 {
					// All of them are as many as are remembered: none is forgotten before it is dialled.
					addr := netip.AddrFrom4([4]byte{10, 0, byte(g), byte(i % (maxAddrs / 8))})
					if err := p.Lookup("a.example.com"); err != nil {
						t.Error(err)
					}
					p.Answered("a.example.com", []netip.Addr{addr})
					if err := p.Dial("tcp", netip.AddrPortFrom(addr, 443).String()); err != nil {
						t.Error(err)
					}
					_ = p.Dial("tcp", "10.1.0.1:1")
					_ = p.Lookup(addr.String())
					_, _, _ = p.Mapping("tcp", ":1")
					if i%100 == 0 {
						_, _ = p.Recorded()
					}
				}
			})
		}
		wg.Wait()
	}
}
