package broker

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a policy that allows some to be looked up.
type allowed struct {
	names   []string
	refused []string // of which the log would tell
}

func (a *allowed) Dial(string, string) error { return errors.New("no") }
func (a *allowed) Lookup(name string) error {
	if a.MayLookup(name) {
		return nil
	}
	a.refused = append(a.refused, name)
	return errors.New("no")
}
func (a *allowed) MayLookup(name string) bool                    { return slices.Contains(a.names, name) }
func (a *allowed) Answered(string, []netip.Addr)                 {}
func (a *allowed) Listen(string, string) (string, string, error) { return "", "", errors.New("no") }

// A process completes names itself; they count as what it was asked to look up.
func TestNetwork_permitted(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("search shop.svc.test svc.test\nnameserver 10.0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	defer func(was string) { resolvConf = was }(resolvConf)
	resolvConf = conf
	for _, test := range []struct {
		names      []string
		asked, got string
		refused    []string
	}{
		{[]string{"cache"}, "cache.shop.svc.test", "cache", nil},
		{[]string{"cache"}, "cache.svc.test", "cache", nil},
		{[]string{"cache"}, "cache", "cache", nil},
		{[]string{"cache.shop.svc.test"}, "cache.shop.svc.test", "cache.shop.svc.test", nil},
		{[]string{"db"}, "cache.shop.svc.test", "", []string{"cache"}},
		{[]string{"db"}, "shop.svc.test", "", []string{"shop"}},
	} {
		p := &allowed{names: test.names}
		got, err := New(Config{Policy: p}).permitted(test.asked)
		if err != nil {
			got = ""
		}
		if got != test.got || !slices.Equal(p.refused, test.refused) {
			t.Errorf("%s, when %q are allowed: got %q, refused %q", test.asked, test.names, got, p.refused)
		}
	}
}

func TestReadResolvers(t *testing.T) {
	defer func(was string) { resolvConf = was }(resolvConf)
	resolvConf = filepath.Join(t.TempDir(), "resolv.conf")
	local := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	if got := readResolvers(); !slices.Equal(got.servers, local) || got.search != nil {
		t.Errorf("without a file: got %v", got)
	}
	text := "# none\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver nonsense\ndomain One.Test.\noptions ndots:5\n"
	if err := os.WriteFile(resolvConf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got := readResolvers()
	if want := []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1")}; !slices.Equal(got.servers, want) || !slices.Equal(got.search, []string{"one.test"}) {
		t.Errorf("got %v", got)
	}
}

func TestReverseAddr(t *testing.T) {
	for name, want := range map[string]string{
		"1.2.0.10.in-addr.arpa": "10.0.2.1",
		"B.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa": "2001:db8::b",
		"2.0.10.in-addr.arpa": "", "x.2.0.10.in-addr.arpa": "", "1.ip6.arpa": "", "example.com": "",
	} {
		addr, ok := reverseAddr(name)
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("%s: got %v, %v", name, addr, ok)
		}
	}
}

// What is no question has no answer, and nothing is asked that is refused.
func FuzzAnswer(f *testing.F) {
	q := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("a.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	query, err := q.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(query)
	f.Add([]byte("nonsense"))
	f.Fuzz(func(t *testing.T, message []byte) {
		n := New(Config{Policy: &allowed{}})
		answer := n.answer(message, false)
		if answer == nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(answer); err != nil || !m.Response || m.RCode == dnsmessage.RCodeSuccess || len(m.Answers) > 0 || len(answer) > largest {
			t.Errorf("got %v, %v", m, err)
		}
	})
}
