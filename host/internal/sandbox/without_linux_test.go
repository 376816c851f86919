package sandbox

import (
	"slices"
	"strings"
	"testing"
)

// otherwise is what isolates are told on systems without namespaces, where that differs: there is no network of their own in which they
// could listen, and Landlock refuses what is not there otherwise.
var otherwise = map[string]string{
	"memory of the host": "EACCES", "its own namespace's processes": "0 open /proc: permission denied",
	"listen where nothing is bound":             "EACCESdial tcp 127.0.0.1:0: connect: permission denied",
	"listen by a socket that could not connect": "ECONNREFUSEDEACCES",
	"bind a socket that was connected":          "donedoneEACCES",
	"listen by a socket that was connected":     "donedoneEACCES",
}

func expected(name, want string) string {
	if other, ok := otherwise[name]; ok && withoutNamespaces {
		return other
	}
	return want
}

// As on systems on which no namespaces can be had, such as in many containers.
func TestWithoutNamespaces(t *testing.T) {
	withoutNamespaces = true
	t.Cleanup(func() { withoutNamespaces = false })
	for name, test := range map[string]func(*testing.T){
		"dial": TestNetwork_dial, "send": TestNetwork_send, "mapped": TestNetwork_mapped, "calls": TestAttack_calls, "files": TestAttack_files,
		"resources": TestAttack_resources, "ways": TestAttack_ways, "change": TestAttack_change, "block": TestAttack_block, "interfaces": TestNetwork_interfaces, "end": TestProcess_Wait,
	} {
		t.Run(name, test)
	}
	t.Run("private", func(t *testing.T) {
		n, log := networked(t, "", "", nil)
		p := start(t, Config{Network: n}, "self", "tcp", ":8080")
		if got := p.line(t); got != "listen tcp :8080: bind: permission denied" {
			t.Errorf("got %q", got)
		}
		if strings.Count(log.String(), "the function may not listen") != 1 || !strings.Contains(log.String(), "tcp :8080") {
			t.Errorf("log: %s", log)
		}
	})
	t.Run("missing", func(t *testing.T) {
		p := start(t, Config{}, "wait")
		if !slices.ContainsFunc(p.Missing, func(m string) bool { return strings.HasPrefix(m, "namespaces of ") }) {
			t.Errorf("missing: %q", p.Missing)
		}
	})
	t.Run("strict", func(t *testing.T) {
		_, err := Start(t.Context(), Config{Function: "test", Program: testProgram(t), Strict: true})
		if err == nil || !strings.Contains(err.Error(), "function test: its program does not start: protections are missing, and -strict refuses to do without: namespaces of ") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("mounts", func(t *testing.T) {
		_, err := Start(t.Context(), Config{Function: "test", Program: testProgram(t), Mounts: []Mount{{"/etc/app", t.TempDir()}}})
		if err == nil || !strings.Contains(err.Error(), "mount them at their own paths") {
			t.Errorf("got %v", err)
		}
	})
}
