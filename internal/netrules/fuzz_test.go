package netrules

import (
	"strings"
	"testing"
)

// What is accepted means the same when it is written as it prints, and what is not has a position in the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"cache:6379", "*.example.com:443", "10.0.0.0/8:5432", "[2001:db8::/32]:*", "[fe80::1%eth0]:80", "udp:a:1-2", "unix:@a", "lookup:[::1]", "*", "none, a:1",
		"[::ffff:1.2.3.4]:1", "[:]:1", "a:1,,b", "udp:", "[]", "*.:1", "\xff:1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := Parse(text)
		for _, e := range entries {
			again, err := Parse(e.String())
			if err != nil || len(again) != 1 || again[0] != e {
				t.Errorf("%q prints as %q, which is %+v, %v", text, e, again, err)
			}
		}
		checkErrors(t, text, len(entries), err)
	})
}

func FuzzParseMappings(f *testing.F) {
	for _, s := range []string{"9090=:19090", "9090", "udp:1=:2", "unix:/a=unix:/b", "0=:0", "none", "9090=[::1]:1", ":", "=", "unix:=", "1==:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mappings, err := ParseMappings(text)
		for _, m := range mappings {
			again, err := ParseMappings(m.String())
			if err != nil || len(again) != 1 || again[0] != m {
				t.Errorf("%q prints as %q, which is %+v, %v", text, m, again, err)
			}
		}
		checkErrors(t, text, len(mappings), err)
	})
}

func checkErrors(t *testing.T, text string, good int, err error) {
	t.Helper()
	bad := Errors(err)
	if parts := strings.Count(text, ",") + 1; parts != good+len(bad) {
		t.Errorf("%q: %d good, %d bad of %d", text, good, len(bad), parts)
	}
	for _, e := range bad {
		if e.Offset < 0 || !strings.HasPrefix(text[min(e.Offset, len(text)):], e.Text) || e.Problem == "" {
			t.Errorf("%q: wrong position: %+v", text, e)
		}
	}
}
