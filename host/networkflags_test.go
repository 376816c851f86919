package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wrong parses a command line that is wrong, and returns what is said.
func wrong(t *testing.T, args ...string) []string {
	t.Helper()
	var stderr bytes.Buffer
	if code := Run(t.Context(), relayApp(t), args, &stderr); code != 2 {
		t.Errorf("%q: got exit code %d, want 2", args, code)
	}
	return strings.Split(strings.TrimSpace(stderr.String()), "\n")
}

func TestRun_allow(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(file, []byte("# of the front\n front = a:1, b:2 # and more\r\n\n\tc:3\nback=unix:/run/#1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(allowVariable, " front=d:4 ;; e:5,f:6\n;")
	s, code, ok := parse(relayApp(t), []string{"-allow", "front=g:7", "-allow", "udp:h:8", "-allow-file", file, "-allow=back=none,*", "-allow", "unix:/run/a=b"}, &bytes.Buffer{})
	if !ok {
		t.Fatalf("exit code %d", code)
	}
	for name, want := range map[string]string{
		"front": `["d:4 " "g:7" " a:1, b:2 "]`,
		"":      `[" e:5,f:6\n" "udp:h:8" "unix:/run/a=b" "\tc:3"]`,
		"back":  `["none,*" "unix:/run/#1"]`,
	} {
		if got := fmt.Sprintf("%q", s.allow.byFunction[name]); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

func TestRun_allow_Errors(t *testing.T) {
	const form = "want HOST:PORT, as cache:6379, *.example.com:443 or 10.0.0.0/8:5432"
	for _, tt := range []struct{ arg, want string }{
		{"front=cache", `-allow front=cache: column 7: "cache": it has no port; ` + form},
		{"front=a:1,cache", `-allow front=a:1,cache: column 11: "cache": it has no port; ` + form},
		{"cache", `-allow cache: column 1: "cache": it has no port; ` + form},
		{"front=", `-allow front=: column 7: "": an entry is missing; ` + form},
		{"other=a:1", `-allow other=a:1: column 1: there is no function "other"; the functions are front, back`},
		{"=a:1", `-allow =a:1: column 1: there is no function ""; the functions are front, back`},
		{"front:a=1", `-allow front:a=1: column 1: "front:a=1": "a=1" is no port; want a port from 1 to 65535, two with - between them, or *, as 6379, 8000-8100`},
	} {
		if got := wrong(t, "-allow", tt.arg); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.arg, strings.Join(got, "\n"), tt.want)
		}
	}
}

// What is wrong with all of them is said at once, and where.
func TestRun_network_Errors(t *testing.T) {
	t.Setenv(allowVariable, "front=a:1; front=b;other=c:1")
	dir := t.TempDir()
	file := filepath.Join(dir, "policy")
	if err := os.WriteFile(file, []byte("# comment\nfront=a:1\n\nfront=b:x,c\nother=d:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := wrong(t, "-allow", "front=x", "-allow-file", file, "-allow-file", dir+"/none", "-listen", "front:x=:1", "-listen", "other:1=:1",
		"-mount", "other:/a="+dir, "-mount", "front:/a="+dir+"/none", "-max-descriptors", "other=1", "-mount", "back:/b="+dir, "-mount", "back:/b="+file+":ro")
	const form = "want HOST:PORT, as cache:6379, *.example.com:443 or 10.0.0.0/8:5432"
	want := []string{
		`-max-descriptors: there is no function "other"; the functions are front, back`,
		`-allow-file: open ` + dir + `/none: no such file or directory`,
		`COFAAS_ALLOW: column 18: "b": it has no port; ` + form,
		`COFAAS_ALLOW: column 20: there is no function "other"; the functions are front, back`,
		`-allow front=x: column 7: "x": it has no port; ` + form,
		file + `:4:7: "b:x": "x" is no port; want a port from 1 to 65535, two with - between them, or *, as 6379, 8000-8100`,
		file + `:4:11: "c": it has no port; ` + form,
		file + `:5:1: there is no function "other"; the functions are front, back`,
		`-listen front:x=:1: column 7: "x=:1": "x" is no port from 0 to 65535; want PORT=ADDRESS, as 9090=:19090, udp:5353=:5353 or unix:/run/app.sock=unix:/srv/app.sock`,
		`-listen other:1=:1: column 1: there is no function "other"; the functions are front, back`,
		`-mount back:/b=` + file + `: something else is mounted there already`,
		`-mount front:/a=` + dir + `/none: stat ` + dir + `/none: no such file or directory`,
		`-mount: there is no function "other"; the functions are front, back`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRun_listen(t *testing.T) {
	s, code, ok := parse(relayApp(t), []string{"-listen", "front:9090=:19090", "-listen", "front:udp:53=:53,none", "-listen", "back:unix:/a=unix:/b"}, &bytes.Buffer{})
	if !ok {
		t.Fatalf("exit code %d", code)
	}
	for name, want := range map[string]string{"front": `["9090=:19090" "udp:53=:53,none"]`, "back": `["unix:/a=unix:/b"]`} {
		if got := fmt.Sprintf("%q", s.listens.byFunction[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := wrong(t, "-listen", "9090"); got[0] != `invalid value "9090" for flag -listen: want FUNCTION:PORT=ADDRESS, as cart:9090=:19090` {
		t.Errorf("got %s", got[0])
	}
}

func TestRun_mount(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"conf", "x:ro"} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s, code, ok := parse(relayApp(t), []string{"-mount", "front:/etc/app=./conf:ro", "-mount", "front:/etc/b=conf", "-mount", "back:/x=x:ro:ro"}, &bytes.Buffer{})
	if !ok {
		t.Fatalf("exit code %d", code)
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"front": fmt.Sprint([]Mount{{"/etc/app", filepath.Join(wd, "conf")}, {"/etc/b", filepath.Join(wd, "conf")}}),
		"back":  fmt.Sprint([]Mount{{"/x", filepath.Join(wd, "x:ro")}}),
	} {
		if got := fmt.Sprint(s.mounts.byFunction[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	const form = "want FUNCTION:PATH=FILE, as cart:/etc/app=./conf"
	for _, tt := range []struct{ arg, want string }{
		{"/etc/app=conf", form},
		{"front:/etc/app", form},
		{"front:/etc/app=", form},
		{"front:/etc/app=:ro", form},
		{"front:/etc/app=conf:rw", "a function cannot write files: its instances come and go, and share nothing but what others keep for them; " + form},
		{"front:etc=conf", `the path "etc" does not begin with /; ` + form},
		{"front:/=conf", `the path / itself cannot be mounted: it has time zones and the like; ` + form},
		{"front:/a/../b=conf", `the path "/a/../b" is not as short as it can be: "/b"; ` + form},
	} {
		if got, want := wrong(t, "-mount", tt.arg)[0], fmt.Sprintf("invalid value %q for flag -mount: %s", tt.arg, tt.want); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.arg, got, want)
		}
	}
}
