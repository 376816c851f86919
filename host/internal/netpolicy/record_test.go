package netpolicy

import (
	"fmt"
	"strings"
	"testing"
)

// run does on the network what functions do.
func run(p *Policy) (errs []string) {
	check := func(err error) {
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	check(p.Lookup("Cache."))
	p.answer("Cache.", "10.0.0.5", "2001:db8::5")
	check(p.Dial("tcp", "10.0.0.5:6379"))
	check(p.Dial("tcp", "[2001:db8::5]:6379"))
	check(p.Dial("tcp", "10.0.0.9:80"))
	check(p.Dial("udp", "[2001:db8::9]:53"))
	check(p.Lookup("localhost"))
	p.answer("localhost", "127.0.0.1", "::1")
	check(p.Dial("tcp", "127.0.0.1:8080"))
	check(p.Dial("tcp", "0.0.0.0:8081"))
	check(p.Lookup("metadata.google.internal"))
	p.answer("metadata.google.internal", "169.254.169.254")
	check(p.Dial("tcp", "169.254.169.254:80"))
	check(p.Lookup("_mongodb._tcp.cluster.example.net"))
	check(p.Lookup("cluster.example.net"))
	check(p.Lookup("shard0.cluster.example.net"))
	p.answer("shard0.cluster.example.net", "10.0.1.1")
	check(p.Dial("tcp", "10.0.1.1:27017"))
	check(p.Lookup("10.0.1.1"))
	check(p.Dial("unix", "/run/a.sock"))
	check(p.Dial("unixgram", "@b"))
	return errs
}

func TestPolicy_Recorded(t *testing.T) {
	p, log := newPolicy(t, "cache:6379", true)
	if errs := run(p); errs != nil {
		t.Errorf("refused although everything is allowed: %s", errs)
	}
	for _, name := range []string{"no such\nname", "*", "*.com", "10.0.0.0/8", "none", "a:1,*", "", "x"} {
		_ = p.Lookup(name)
	}
	_ = p.Dial("unix", "/run/b,*")
	for _, l := range []struct{ network, address string }{{"tcp", ":9090"}, {"tcp4", "127.0.0.1:9090"}, {"udp", ":5353"}, {"unix", "/run/x"}} {
		if _, _, ok := p.Mapping(l.network, l.address); ok {
			t.Errorf("%s is mapped", l)
		}
	}
	if _, _, ok := p.Mapping("udp", ":0"); !ok {
		t.Error("a client over UDP gets no socket")
	}
	allow, private := p.Recorded()
	want := []string{
		"10.0.0.9:80", "169.254.169.254:80", "cache:6379", "localhost:8080", "localhost:8081", "lookup:10.0.1.1", "lookup:cluster.example.net",
		"lookup:metadata.google.internal", "lookup:none", "lookup:x", "shard0.cluster.example.net:27017", "udp:[2001:db8::9]:53", "unix:/run/a.sock", "unix:@b",
	}
	if got := strings.Join(allow, " "); got != strings.Join(want, " ") {
		t.Errorf("got  %s\nwant %s", got, strings.Join(want, " "))
	}
	if got := strings.Join(private, " "); got != "9090 udp:5353 unix:/run/x" {
		t.Errorf("got %s listening", got)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
	// The list suffices, and there is nothing in it that is not needed.
	again, _ := newPolicy(t, strings.Join(allow, ","), false)
	if errs := run(again); errs != nil {
		t.Errorf("the list does not suffice: %s", errs)
	}
	for i, entry := range allow {
		switch entry {
		case "lookup:10.0.1.1", "lookup:none", "lookup:x":
			continue // its name opens it already; of names above
		}
		rest := append(append([]string(nil), allow[:i]...), allow[i+1:]...)
		less, _ := newPolicy(t, strings.Join(rest, ","), false)
		if errs := run(less); errs == nil {
			t.Errorf("%s is not needed", entry)
		}
	}
}

func TestPolicy_Recorded_bounded(t *testing.T) {
	p, _ := newPolicy(t, "", true)
	for i := range 2 * maxRecorded {
		_ = p.Dial("unix", fmt.Sprintf("/run/%d", i))
		_ = p.Lookup(fmt.Sprintf("h%d", i))
		_, _, _ = p.Mapping("unix", fmt.Sprintf("/run/%d", i))
	}
	allow, private := p.Recorded()
	if len(allow) != 2*maxRecorded || len(private) != maxRecorded {
		t.Errorf("%d entries, %d listeners", len(allow), len(private))
	}
	if allow, private := func() ([]string, []string) { p, _ := newPolicy(t, "", false); return p.Recorded() }(); allow != nil || private != nil {
		t.Errorf("without an audit there is %s, %s", allow, private)
	}
}
