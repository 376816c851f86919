package netrules

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"cache:6379", "cache:6379"},
		{"Cache.Internal.:06379", "cache.internal:6379"},
		{"tcp:cache:1", "cache:1"},
		{"cache:*", "cache:*"},
		{"cache:1-65535", "cache:1-65535"},
		{"cache:5-5", "cache:5"},
		{"*.Example.com:443", "*.example.com:443"},
		{"_srv.my_host:443", "_srv.my_host:443"},
		{"*:443", "*:443"},
		{"*:*", "*:*"},
		{"*", "*"},
		{"none", "none"},
		{"10.0.0.5:6379", "10.0.0.5:6379"},
		{"10.0.0.5/32:6379", "10.0.0.5:6379"},
		{"10.0.0.0/8:5432", "10.0.0.0/8:5432"},
		{"[2001:DB8::1]:443", "[2001:db8::1]:443"},
		{"[2001:db8::/32]:443", "[2001:db8::/32]:443"},
		{"[::ffff:10.0.0.5]:1", "10.0.0.5:1"},
		{"[fe80::1%eth0]:80", "[fe80::1%eth0]:80"},
		{"udp:10.0.0.2:53", "udp:10.0.0.2:53"},
		{"udp:*.example.com:*", "udp:*.example.com:*"},
		{"udp:udp:53", "udp:udp:53"},
		{"unix:/run/app.sock", "unix:/run/app.sock"},
		{"unix:@app", "unix:@app"},
		{"lookup:Example.com", "lookup:example.com"},
		{"lookup:*.example.com", "lookup:*.example.com"},
		{"lookup:*", "lookup:*"},
		{"lookup:10.0.0.0/8", "lookup:10.0.0.0/8"},
		{"lookup:::1", "lookup:[::1]"},
		{"lookup:[2001:db8::/32]", "lookup:[2001:db8::/32]"},
		{"a:1, b:2 ,c:3", "a:1|b:2|c:3"},
	} {
		entries, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := texts(entries); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func texts[R Rule](rules []R) string {
	var list []string
	for _, r := range rules {
		list = append(list, r.String())
	}
	return strings.Join(list, "|")
}

func TestParse_Errors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"cache", `column 1: "cache": it has no port; want HOST:PORT, as cache:6379, *.example.com:443 or 10.0.0.0/8:5432`},
		{"", `column 1: "": an entry is missing; want HOST:PORT, as cache:6379, *.example.com:443 or 10.0.0.0/8:5432`},
		{"a:1,,b:1", `column 5: "": an entry is missing`},
		{"a:1,  cache ,b", "column 7: \"cache\": it has no port|column 14: \"b\": it has no port"},
		{":443", `it has no host`},
		{"udp:53", `it has no port; want udp:HOST:PORT, as udp:10.0.0.2:53`},
		{"cache:https", `"https" is no port; want a port from 1 to 65535, two with - between them, or *, as 6379, 8000-8100`},
		{"cache:0", `"0" is no port`},
		{"cache:65536", `"65536" is no port`},
		{"cache:", `"" is no port`},
		{"cache:+1", `"+1" is no port`},
		{"cache:9-8", `the ports 9-8 end before they begin`},
		{"cache:0-8", `"0-8" is no port`},
		{"2001:db8::1:443", `an IPv6 address has brackets`},
		{"[2001:db8::1:443", `a bracket is not closed`},
		{"[2001:db8::1]", `it has no port`},
		{"[10.0.0.1]:80", `only an IPv6 address has brackets`},
		{"[cache]:80", `only an IPv6 address has brackets`},
		{"10.1.2.3/8:80", `the address of 10.1.2.3/8 has more bits than the network; want 10.0.0.0/8, or 10.1.2.3 alone`},
		{"10.0.0.0/33:80", `"10.0.0.0/33" is no network`},
		{"[::ffff:10.0.0.0/104]:80", `write it as one, as 10.0.0.0/8`},
		{"http://cache:80", `an IPv6 address has brackets`},
		{"example.com/path:80", `"example.com/path" is no network`},
		{"10.0.0:80", `"10.0.0" is neither a name nor an address`},
		{"a..b:80", `a part of it has 0 bytes`},
		{"api.*.com:80", `* stands for a host, or for the first part of its name`},
		{"*example.com:80", `* stands for a host`},
		{"*.:80", `a name of 0 bytes`},
		{"bücher.example:443", `want its form in ASCII`},
		{"$HOST:443", `"$HOST" has a '$', which names do not have`},
		{strings.Repeat("a", 64) + ":1", `a part of it has 64 bytes`},
		{strings.Repeat("a.", 127) + "a:1", `a name of 255 bytes`},
		{"lookup:example.com:25", `"example.com:25" has a ':', which names do not have`},
		{"lookup:", `a name of 0 bytes`},
		{"lookup:[]", `which names do not have`},
		{"unix:app.sock", `a socket has an absolute path, or @ and a name; want unix:PATH, as unix:/run/app.sock`},
		{"unix:", `a socket has an absolute path`},
		{"unix:@", `a socket has an absolute path`},
	} {
		_, err := Parse(tt.text)
		if err == nil {
			t.Errorf("%s: no error", tt.text)
			continue
		}
		var got []string
		for _, e := range Errors(err) {
			got = append(got, e.Error())
		}
		want := strings.Split(tt.want, "|")
		if len(got) != len(want) {
			t.Errorf("%s: got %q, want %q", tt.text, got, want)
			continue
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: got %s\nwant %s", tt.text, got[i], want[i])
			}
		}
	}
}

func TestParseMappings(t *testing.T) {
	for _, tt := range []struct{ text, want, network, address string }{
		{"9090=:19090", "9090=:19090", "tcp", ":19090"},
		{":9090=127.0.0.1:19090", "9090=127.0.0.1:19090", "tcp", "127.0.0.1:19090"},
		{"9090", "9090=:9090", "tcp", ":9090"},
		{"tcp:9090=[::1]:0", "9090=[::1]:0", "tcp", "[::1]:0"},
		{"0=localhost:19090", "0=localhost:19090", "tcp", "localhost:19090"},
		{"udp:5353=:5353", "udp:5353=:5353", "udp", ":5353"},
		{"udp:5353", "udp:5353=:5353", "udp", ":5353"},
		{"9090=unix:/srv/cart.sock", "9090=unix:/srv/cart.sock", "unix", "/srv/cart.sock"},
		{"unix:/run/a.sock=unix:@b", "unix:/run/a.sock=unix:@b", "unix", "@b"},
		{"unix:run/a.sock=:80", "unix:run/a.sock=:80", "tcp", ":80"},
		{"none", "none", "", ""},
	} {
		list, err := ParseMappings(tt.text)
		if err != nil || len(list) != 1 {
			t.Errorf("%s: got %v, %v", tt.text, list, err)
			continue
		}
		if m := list[0]; m.String() != tt.want || m.HostNetwork != tt.network || m.HostAddress != tt.address {
			t.Errorf("%s: got %s, %s %s; want %s, %s %s", tt.text, m, m.HostNetwork, m.HostAddress, tt.want, tt.network, tt.address)
		}
	}
}

func TestParseMappings_Errors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", `column 1: "": "" is no port from 0 to 65535; want PORT=ADDRESS, as 9090=:19090, udp:5353=:5353 or unix:/run/app.sock=unix:/srv/app.sock`},
		{"9090=:1, x=:2", `column 10: "x=:2": "x" is no port from 0 to 65535`},
		{"localhost:9090=:1", `"localhost:9090" is no port`},
		{"70000", `"70000" is no port`},
		{"9090=", `"" is no address of the host`},
		{"9090=19090", `"19090" is no address of the host`},
		{"9090=:http", `"http" is no port`},
		{"0", `a function that listens on port 0 takes any`},
		{"unix:=:1", `a socket has a path`},
		{"unix:/a", `where the host serves the socket is missing`},
		{"unix:/a=unix:", `a socket of the host has a path`},
		{"udp:1=unix:/a", `what is received over UDP cannot be served at a socket with a path`},
	} {
		_, err := ParseMappings(tt.text)
		if errs := Errors(err); len(errs) != 1 || !strings.Contains(errs[0].Error(), tt.want) {
			t.Errorf("%s: got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func TestEffective(t *testing.T) {
	for _, tt := range []struct{ own, operator, want string }{
		{"a:1,b:2", "none,c:3", "c:3"},
		{"a:1,b:2", "c:3,none", "c:3"},
		{"a:1", "c:3,a:1", "a:1|c:3"},
		{"a:1", "none", ""},
	} {
		if got := texts(Effective(parse(t, tt.own), parse(t, tt.operator))); got != tt.want {
			t.Errorf("%s and %s: got %s, want %s", tt.own, tt.operator, got, tt.want)
		}
	}
}

func parse(t testing.TB, text string) []Entry {
	t.Helper()
	entries, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}
