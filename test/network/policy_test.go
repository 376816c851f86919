package network

import (
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/freeport"
)

// TestPolicy has functions reach what they may, and be told what they may not, each for itself.
func TestPolicy(t *testing.T) {
	allowed, other := echoServer(t), echoServer(t)
	path := filepath.Join(t.TempDir(), "other")
	s := setup{allow: map[string][]string{"web": {allowed, "*.allowed.test:443", "udp:" + allowed}}, host: []string{"-allow", "front=" + other}}
	inHost(t, s, func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "echo", "tcp", allowed, "100"), "echo of 100 bytes: equal: true")
		list := "its outbound allow-list is: " + allowed + ", *.allowed.test:443, udp:" + allowed
		refusal := func(what, destination string) string {
			return `cofaas policy: function \"web\" may not ` + what + " " + destination + "; " + list + `" is [EACCES os.ErrPermission] timeout=false `
		}
		for range 20 {
			sys.want(sys.do("web", "dial", "tcp", other, "1m"), `dial: "dial tcp `+other+": "+refusal("connect to", other)+"op=dial net=tcp")
		}
		sys.want(sys.do("web", "dial", "unix", path, "1m"), `dial: "dial unix `+path+": "+refusal("connect to", "unix:"+path)+"op=dial net=unix")
		sys.want(sys.do("web", "http fail", "http://"+other+"/"),
			`get: "Get \"http://`+other+`/\": dial tcp `+other+": "+refusal("connect to", other)+"op=dial net=tcp")
		sys.want(sys.do("web", "dial", "tcp", "elsewhere.test:443", "1m"),
			`dial: "dial tcp: lookup elsewhere.test: `+refusal("look up", "elsewhere.test")+"op=dial net=tcp name=elsewhere.test notfound=false")
		// What one function may, another may not.
		sys.want(sys.do("front", "dial", "tcp", other), "dial: no error")
		got := sys.do("front", "dial", "tcp", allowed)
		if len(got) != 1 || !strings.Contains(got[0], `function \"front\" may not connect to `+allowed) {
			t.Errorf("got %q", got)
		}
		got = sys.do("store", "redis fail", allowed)
		if len(got) != 1 || !strings.Contains(got[0], `function \"store\" may not connect to `+allowed+"; its outbound allow-list is empty") {
			t.Errorf("got %q", got)
		}
		// The operator is told once what would help.
		line := `may not connect to ` + regexp.QuoteMeta(other) + `" function=web allow="-allow web=` + regexp.QuoteMeta(other) + `"`
		sys.processes[hostProgram].Wait(t, line)
		if n := len(regexp.MustCompile(line).FindAllString(sys.processes[hostProgram].Log.String(), -1)); n != 1 {
			t.Errorf("the refusal was logged %d times", n)
		}
	})
}

// TestPolicy_isolates does the same with native isolates, which are told what the kernel says: why is in the log.
func TestPolicy_isolates(t *testing.T) {
	allowed, other := echoServer(t), echoServer(t)
	path := filepath.Join(t.TempDir(), "other")
	s := setup{allow: map[string][]string{"web": {allowed, "udp:" + allowed}}, host: []string{"-allow", "front=" + other}}
	inIsolates(t, s, func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "echo", "tcp", allowed, "100"), "echo of 100 bytes: equal: true")
		refused := `: connect: permission denied" is [EACCES os.ErrPermission] timeout=false op=dial net=`
		for range 20 {
			sys.want(sys.do("web", "dial", "tcp", other, "1m"), `dial: "dial tcp `+other+refused+"tcp")
		}
		sys.want(sys.do("web", "dial", "unix", path, "1m"), `dial: "dial unix `+path+refused+"unix")
		if got := sys.do("web", "dial", "tcp", "elsewhere.test:443", "1m"); len(got) != 1 || !strings.Contains(got[0], "server misbehaving") {
			t.Errorf("got %q", got)
		}
		// What one function may, another may not.
		sys.want(sys.do("front", "dial", "tcp", other), "dial: no error")
		sys.want(sys.do("front", "dial", "tcp", allowed), `dial: "dial tcp `+allowed+refused+"tcp")
		sys.want(sys.do("store", "redis fail", allowed), `get: "dial tcp `+allowed+refused+"tcp")
		// The operator is told once what would help.
		p := sys.processes[hostProgram]
		p.Wait(t, `may not look up elsewhere.test" function=web allow="-allow web=elsewhere.test:PORT"`)
		line := `may not connect to ` + regexp.QuoteMeta(other) + `" function=web allow="-allow web=` + regexp.QuoteMeta(other) + `"`
		p.Wait(t, line)
		if n := len(regexp.MustCompile(line).FindAllString(p.Log.String(), -1)); n != 1 {
			t.Errorf("the refusal was logged %d times", n)
		}
	})
}

// TestUnmapped has a function listen where the host does not let it: it is alone there.
func TestUnmapped(t *testing.T) {
	address := freeport.Address(t)
	inHosts(t, setup{env: map[string][]string{"web": {"HTTP_ADDRESS=" + address}}}, func(t *testing.T, sys *system) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Error("the function can be reached from outside")
		}
		sys.want(sys.do("web", "http get", "http://"+address+"/healthz", "1"), `HTTP/1.1 200 OK "ok\n"`, "a connection was used again: true")
	})
}

// TestAudit has -net-audit print the flags that would have sufficed, and they do.
func TestAudit(t *testing.T) {
	first, second := echoServer(t), echoServer(t)
	tasks := func(sys *system) {
		sys.want(sys.do("web", "echo", "tcp", first, "10"), "echo of 10 bytes: equal: true")
		sys.want(sys.do("front", "dial", "tcp", second), "dial: no error")
	}
	// The flags that hosts have printed, one of which is for guests and one for isolates.
	var all [][]string
	inHosts(t, setup{host: []string{"-net-audit"}}, func(t *testing.T, sys *system) {
		tasks(sys)
		p := sys.processes[hostProgram]
		p.Signal(t, interrupt)
		p.Code(t)
		var flags []string
		for _, m := range regexp.MustCompile(`-allow ([a-z]+=[^\s"\\]+)`).FindAllStringSubmatch(p.Log.String(), -1) {
			flags = append(flags, "-allow", m[1])
		}
		if len(flags) == 0 {
			t.Fatal("no flags were printed")
		}
		all = append(all, flags)
	})
	for _, flags := range all {
		inHosts(t, setup{host: flags}, func(_ *testing.T, sys *system) { tasks(sys) })
	}
}
