package network

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/test/internal/programs"
	"github.com/cofaas/cofaas/test/network/pb"
)

// setup is what a test needs of its functions.
type setup struct {
	// allow has what each function may reach, as flag -allow of hosts takes it. Natively everything may be reached.
	allow map[string][]string
	// env has what each function finds in its environment, KEY=VALUE.
	env map[string][]string
	// mounts are files that each function reads. In a guest they are where they are natively.
	mounts map[string][]string
	// listen has where each function listens besides. Natively it does there, and in a host it listens in its guest, and the host there.
	listen map[string][]string
	// host are further flags of the host.
	host []string
	// resolver is the address of the name server that is asked, if not that of the machine.
	resolver string
}

// system is the functions as they run.
type system struct {
	t     *testing.T
	mode  string
	setup *setup
	// native says that there is no host, and isolates that the host has a process for each function.
	native, isolates bool

	front pb.FrontClient
	// processes are the host, or the functions by name.
	processes map[string]*programs.Process
	// lines is all that has come of tasks.
	lines []string
	debug string
	// address is where front listens natively.
	address string
}

// both runs a test natively, with guests, and with native isolates, and compares what came of it.
func both(t *testing.T, s setup, test func(t *testing.T, sys *system)) {
	t.Helper()
	var first *system
	for _, mode := range strings.Split(*modes, ",") {
		t.Run(mode, func(t *testing.T) {
			sys := start(t, &s, mode)
			test(t, sys)
			if first == nil {
				first = sys
			}
			if diff := cmp.Diff(first.lines, sys.lines); diff != "" {
				t.Errorf("what came of the tasks (-%s +%s):\n%s", first.mode, mode, diff)
			}
		})
	}
}

// inHost runs a test with guests alone: of what there is nothing like natively, and in isolates it is otherwise.
func inHost(t *testing.T, s setup, test func(t *testing.T, sys *system)) {
	t.Helper()
	inMode(t, s, "host", test)
}

// inIsolates runs a test with native isolates alone.
func inIsolates(t *testing.T, s setup, test func(t *testing.T, sys *system)) {
	t.Helper()
	inMode(t, s, "isolates", test)
}

// inHosts runs a test with guests, and with native isolates: of what there is nothing like without a host.
func inHosts(t *testing.T, s setup, test func(t *testing.T, sys *system)) {
	t.Helper()
	for _, mode := range []string{"host", "isolates"} {
		t.Run(mode, func(t *testing.T) { inMode(t, s, mode, test) })
	}
}

func inMode(t *testing.T, s setup, mode string, test func(t *testing.T, sys *system)) {
	t.Helper()
	if !slices.Contains(strings.Split(*modes, ","), mode) {
		t.Skip("-modes is without " + mode)
	}
	test(t, start(t, &s, mode))
}

// start runs the functions until the test ends.
func start(t *testing.T, s *setup, mode string) *system {
	t.Helper()
	sys := &system{t: t, mode: mode, setup: s, processes: make(map[string]*programs.Process)}
	var address string
	var places []string
	switch mode {
	case "native":
		sys.native = true
		address = sys.startNative()
	case "host":
		address = sys.startHost()
	case "isolates":
		sys.isolates = true
		for _, f := range functions {
			places = append(places, "-place", f+"=native")
		}
		address = sys.startHost(places...)
	default:
		t.Fatalf("-modes: there is no %q", mode)
	}
	sys.front = pb.NewFrontClient(programs.Dial(t, address))
	return sys
}

func (sys *system) startNative() string {
	t := sys.t
	addresses := make(map[string]string)
	for _, f := range functions {
		addresses[f] = freeport.Address(t)
	}
	for _, f := range []string{"store", "web", "front"} {
		env := append([]string{
			"ADDRESS=" + addresses[f], "STORE_TARGET=" + addresses["store"], "WEB_TARGET=" + addresses["web"],
			"GODEBUG=netdns=go", // which of its resolvers Go takes, depends on how it was built
		}, sys.setup.env[f]...)
		sys.processes[f] = sys.run(program(t, f), nil, env)
		// It has to be there before somebody calls it: a client would take its time before it tried again.
		programs.Dial(t, addresses[f])
	}
	sys.address = addresses["front"]
	return sys.address
}

func (sys *system) startHost(places ...string) string {
	t, s := sys.t, sys.setup
	// One instance has all connections, as a process has.
	sys.debug = freeport.Address(t)
	args := []string{"-addr", "127.0.0.1:0", "-cache-dir", filepath.Join(scratch, "compiled"), "-max-instances", "1", "-debug-addr", sys.debug}
	args = append(args, places...)
	add := func(flag string, byFunction map[string][]string, format func(function, value string) string) {
		for _, f := range slices.Sorted(maps.Keys(byFunction)) {
			for _, value := range byFunction[f] {
				args = append(args, flag, format(f, value))
			}
		}
	}
	add("-allow", s.allow, func(f, value string) string { return f + "=" + value })
	add("-env", s.env, func(f, value string) string { return f + ":" + value })
	add("-mount", s.mounts, func(f, path string) string { return f + ":" + path + "=" + path + ":ro" })
	add("-listen", s.listen, func(f, address string) string {
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			return fmt.Sprintf("%s:unix:%s=unix:%s", f, path, path)
		}
		return fmt.Sprintf("%s:%s=%s", f, address[strings.LastIndex(address, ":")+1:], address)
	})
	p := sys.run(program(t, hostProgram), append(args, s.host...), []string{"GODEBUG=netdns=go"})
	sys.processes[hostProgram] = p
	return p.Wait(t, `msg=serving function=front address=(\S+)`)[1]
}

// run starts a program, with its own resolver's settings if need be.
func (sys *system) run(path string, args, env []string) *programs.Process {
	t := sys.t
	if sys.setup.resolver == "" {
		return programs.Start(t, path, args, env)
	}
	needRoot(t, "gives programs a resolv.conf of their own")
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver "+sys.setup.resolver+"\noptions timeout:30 attempts:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	script := `mount --bind "$0" /etc/resolv.conf && exec "$@"`
	return programs.Start(t, command(t, "unshare", "util-linux"), append([]string{"-m", "sh", "-c", script, conf, path}, args...), env)
}

// patience is how long a task may take unless its test says something else. Machines that are slow are not at fault.
const patience = 3 * time.Minute

// try has a function do a task, and returns how it ended.
func (sys *system) try(ctx context.Context, function, name string, args ...string) (*pb.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return sys.front.Do(ctx, &pb.Task{Function: function, Name: name, Args: args})
}

// do has a function do a task, which must succeed, and returns what came of it.
func (sys *system) do(function, name string, args ...string) []string {
	sys.t.Helper()
	lines := sys.look(function, name, args...)
	sys.record(append([]string{function + ": " + name}, lines...)...)
	return lines
}

// look is do with an outcome that may differ from run to run.
func (sys *system) look(function, name string, args ...string) []string {
	sys.t.Helper()
	out, err := sys.try(sys.t.Context(), function, name, args...)
	if err != nil {
		sys.t.Fatalf("%s: %s %q: %v", function, name, args, status.Convert(err).Message())
	}
	lines := out.GetLines()
	for i, line := range lines {
		lines[i] = wording.Replace(ephemeral.ReplaceAllString(line, "$1:PORT->"))
	}
	return lines
}

// ephemeral is where the operating system has chosen a port.
var ephemeral = regexp.MustCompile(`(127\.[0-9.]+|\[::1\]|198\.[0-9.]+):\d+->`)

// wording has how the same is said of system calls on GOOS=wasip1, where they have other names and errors begin with a capital.
var wording = strings.NewReplacer(
	"fd_read: ", "read: ",
	"fd_write: ", "write: ",
	"Broken pipe", "broken pipe",
	"Connection refused", "connection refused",
	"Connection reset by peer", "connection reset by peer",
	"No such file or directory", "no such file or directory",
	"Too many open files", "too many open files",
)

// record adds to what the runs have to have in common.
func (sys *system) record(lines ...string) { sys.lines = append(sys.lines, lines...) }

// want checks what came of a task.
func (sys *system) want(got []string, want ...string) {
	sys.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		sys.t.Errorf("(-want +got):\n%s", diff)
	}
}

// process returns that which runs a function.
func (sys *system) process(function string) *programs.Process {
	if sys.native {
		return sys.processes[function]
	}
	return sys.processes[hostProgram]
}

// descriptors counts the open files of the process that runs a function, and of the host of one that is in an isolate.
func (sys *system) descriptors(function string) int {
	sys.t.Helper()
	pid := sys.process(function).Cmd.Process.Pid
	n := sys.filesOf(pid)
	if sys.isolates {
		n += sys.filesOf(sys.isolate(pid, function))
	}
	return n
}

func (sys *system) filesOf(pid int) int {
	sys.t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		sys.t.Fatal(err)
	}
	return len(list)
}

// isolate finds the process of a function among the children of a host, which may be about to start it anew.
func (sys *system) isolate(host int, function string) (pid int) {
	sys.t.Helper()
	eventually(sys.t, "the host has a process for "+function, func() bool {
		pid = childOf(host, function)
		return pid != 0
	})
	return pid
}

// childOf returns a process's child whose argument zero is a function, or 0.
func childOf(host int, function string) int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", host)) // the pattern is right
	for _, list := range lists {
		pids, _ := os.ReadFile(list) // of a thread that has ended there are none
		for _, field := range strings.Fields(string(pids)) {
			command, err := os.ReadFile("/proc/" + field + "/cmdline")
			if pid, e := strconv.Atoi(field); err == nil && e == nil && strings.HasPrefix(string(command), function+"\x00") {
				return pid
			}
		}
	}
	return 0
}

// stats returns what the host says of itself, as numbers by path.
func (sys *system) stats() map[string]float64 {
	sys.t.Helper()
	resp, err := http.Get("http://" + sys.debug + "/debug/stats")
	if err != nil {
		sys.t.Fatal(err)
	}
	defer resp.Body.Close()
	var all any
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		sys.t.Fatal(err)
	}
	numbers := make(map[string]float64)
	flatten(numbers, "", all)
	return numbers
}

func flatten(numbers map[string]float64, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			flatten(numbers, path+"."+key, value)
		}
	case float64:
		numbers[strings.TrimPrefix(path, ".")] = v
	}
}

// eventually waits until something is true, and fails if it never becomes.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}

// command finds a program.
func command(t *testing.T, name, debian string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Fatalf("this test needs %s: apt-get install -y --no-install-recommends %s", name, debian)
	return ""
}

func needRoot(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatalf("this test needs root: it %s", why)
	}
}
