package drivers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestUnversioned(t *testing.T) {
	for path, want := range map[string]string{
		"net": "net", "github.com/redis/go-redis/v9": "github.com/redis/go-redis",
		"github.com/jackc/pgx/v5/pgxpool": "github.com/jackc/pgx/pgxpool",
		"gopkg.in/alexcesaro/statsd.v2":   "gopkg.in/alexcesaro/statsd", "example.com/v2x/vault": "example.com/v2x/vault", "v2": "v2",
	} {
		if got := unversioned(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// TestTable checks that entries are found under their names, which have no versions.
func TestTable(t *testing.T) {
	for _, e := range table {
		path, name := split(e.Func)
		if name == "" || unversioned(path) != path ||
			!slices.ContainsFunc(index[path][name], func(i int) bool { return table[i].Func == e.Func }) {
			t.Errorf("%s is package %q and name %q", e.Func, path, name)
		}
	}
}

func TestAddresses(t *testing.T) {
	a, b := Mark(0), Mark(1)
	tests := []struct {
		form         Form
		port         string
		text, second string
		want         string
	}{
		{HostPort, "", "cache:6379", "", "tcp cache:6379"},
		{HostPort, "", "cache", "", "tcp cache noport"},
		{HostPort, "4222", "nats://a,b:1", "", "tcp a:4222; tcp b:1"},
		{HostPort, "1", "[::1]", "", "tcp [::1]:1"},
		{HostPort, "1", "::1", "", "tcp [::1]:1"},
		{HostPort, "", "unix:///run/x", "", "unix /run/x"},
		{HostPort, "", "/run/x", "", "unix /run/x"},
		{HostPort, "80", "user:secret@h/path", "", "tcp h:80"},
		{HostPort, "80", "https://" + a + "/x", "", "tcp mark 0 port 443"},
		{HostPort, "80", a + "://h", "", "tcp h noport"},
		{URL, "", "https://u:secret@h/p?q#f", "", "tcp h:443"},
		{URL, "", "/relative", "", ""},
		{URL, "", "http://h:" + a + "/", "", "tcp h:" + a},
		{URL, "", a + "/x", "", "tcp mark 0 port "},
		{Postgres, "", "postgres://" + a + ":" + b + "@h/d?sslmode=x", "", "tcp h:5432"},
		{Postgres, "", "host='h' port=1 password=secret", "", "tcp h:1"},
		{Postgres, "", "postgres://a,b:2/d", "", "tcp a:5432; tcp b:2"},
		{Postgres, "", "", "", "tcp localhost:5432"},
		{MySQL, "", "u:p/w@tcp(h)/d", "", "tcp h:3306"},
		{MySQL, "", "u:" + a + "@tcp(" + b + ")/d", "", "tcp mark 1 port 3306"},
		{MySQL, "", "/d", "", "tcp 127.0.0.1:3306"},
		{Mongo, "", "mongodb://u:secret@a,b:1/d", "", "tcp a:27017; tcp b:1"},
		{SQL, "", "secret", "unheard-of", "tcp  open"},
		{SQL, "", "oracle://u:secret@h/d", "unheard-of", "tcp h:1521"},
		{Text, "", "/etc/x", "", "tcp /etc/x"},
	}
	for _, test := range tests {
		e := &Entry{Form: test.form, Port: test.port}
		var got []string
		for _, at := range e.Addresses(test.text, test.second) {
			s := at.Network + " " + at.Text
			if i, ok := Marked(at.Text); ok {
				s = fmt.Sprintf("%s mark %d port %s", at.Network, i, at.Port)
			} else if at.Open {
				s += " open"
			}
			if at.NoPort {
				s += " noport"
			}
			got = append(got, s)
		}
		if got := strings.Join(got, "; "); got != test.want {
			t.Errorf("form %d of %q: got %q, want %q", test.form, test.text, got, test.want)
		}
	}
}

// FuzzAddresses checks that no text breaks what reads it, and that what comes before an @ in a URL, such as a password, never comes out.
func FuzzAddresses(f *testing.F) {
	for _, text := range []string{
		"postgres://u:p@h/d", "tcp(h)/", "host=a port=b", "[::1", "@(", "a,b,,c", "mongodb+srv://x", Mark(3) + "/" + Mark(4), "://", ":",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for form := HostPort; form <= UntaggedTags; form++ {
			for _, driver := range []string{"", "mysql", "sqlite", "x"} {
				(&Entry{Form: form, Second: 1}).Addresses(text, driver)
			}
		}
		if strings.ContainsAny(text, "@:/?#,[]") || text == "" {
			return
		}
		for _, at := range (&Entry{}).Addresses("https://user:"+text+"@host/", "") {
			if at.Text != "host:443" {
				t.Errorf("got %+v", at)
			}
		}
	})
}
