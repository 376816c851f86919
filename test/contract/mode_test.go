package contract

import (
	"fmt"
	"testing"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// mode is a way to start the functions. Nothing else may differ between modes.
type mode struct {
	name  string
	start func(t *testing.T) *system
}

var modes = []*mode{
	{"native", startNative},
	{"consolidated", startPlaced()},
	{"remote", startRemote("wasm")},
	// Each function in a process of its own, below one host, and below hosts of their own between which all calls go.
	{"isolates", startPlaced("a=native", "b=native", "c=native")},
	{"isolates-remote", startRemote("native")},
	// Between them these have every kind of edge: a calls b and c, and b calls a and c.
	{"mixed", startPlaced("a=native", "c=native")},
	{"mixed-guest", startPlaced("b=native")},
}

// system is the functions, running.
type system struct {
	addr string // of a
	conn *grpc.ClientConn
	// processes by function; in one host, there is only that of a.
	processes map[string]*programs.Process
	// hosts are where the hosts among them answer operators, by function.
	hosts map[string]string
	// at are the addresses of functions that can be called from outside.
	at map[string]string
	// again starts a function once more whose process has ended; nil if a host replaces what has ended.
	again func(t *testing.T, function string)
}

var functions = []string{"a", "b", "c"}

// addresses are where functions listen, by the variables that tell them.
func addresses(t *testing.T) map[string]string {
	return map[string]string{"a": freeport.Address(t), "b": freeport.Address(t), "c": freeport.Address(t), "annex": freeport.Address(t)}
}

// variables tells a function where it listens itself, and where the others do.
func variables(function string, at map[string]string) []string {
	return []string{"ADDRESS=" + at[function], "A_ADDRESS=" + at["a"], "B_ADDRESS=" + at["b"], "C_ADDRESS=" + at["c"], "ANNEX_ADDRESS=" + at["annex"]}
}

// startNative starts one process per function.
func startNative(t *testing.T) *system {
	t.Helper()
	at := addresses(t)
	sys := &system{addr: at["a"], at: at, processes: map[string]*programs.Process{}, hosts: map[string]string{}}
	sys.again = func(t *testing.T, function string) {
		path, err := nativeProgram(function)
		if err != nil {
			t.Fatal(err)
		}
		sys.processes[function] = programs.Start(t, path, nil, variables(function, at))
		programs.Dial(t, at[function])
	}
	for _, function := range functions {
		sys.again(t, function)
	}
	sys.conn = programs.Dial(t, sys.addr)
	return sys
}

// startPlaced starts the host of a, which runs b and c too, with functions at places as -place says them.
func startPlaced(places ...string) func(t *testing.T) *system {
	return func(t *testing.T) *system {
		t.Helper()
		var args []string
		for _, place := range places {
			args = append(args, "-place", place)
		}
		sys := &system{processes: map[string]*programs.Process{}, hosts: map[string]string{}}
		sys.addr = sys.startHost(t, "a", "127.0.0.1:0", args...)
		sys.at = map[string]string{"a": sys.addr}
		sys.conn = programs.Dial(t, sys.addr)
		return sys
	}
}

// startRemote starts the host of each function. These have the other functions in them too, as that of a has when it is consolidated,
// but all calls between functions leave them.
func startRemote(place string) func(t *testing.T) *system {
	return func(t *testing.T) *system { return startHosts(t, place) }
}

func startHosts(t *testing.T, place string) *system {
	t.Helper()
	at := addresses(t)
	sys := &system{addr: at["a"], at: at, processes: map[string]*programs.Process{}, hosts: map[string]string{}}
	for _, function := range functions {
		args := []string{"-remote", "all", "-place", function + "=" + place}
		if function == "a" {
			// A host serves all servers of its function on one address.
			args = append(args, "-remote", "contract.v1.Annex="+at["b"])
		}
		for _, kv := range variables(function, at) {
			args = append(args, "-env", function+":"+kv)
		}
		sys.startHost(t, function, at[function], args...)
	}
	sys.conn = programs.Dial(t, sys.addr)
	return sys
}

// startHost starts the host of a function and returns where it serves.
func (sys *system) startHost(t *testing.T, function, addr string, args ...string) string {
	t.Helper()
	path, err := hostProgram(function)
	if err != nil {
		t.Fatal(err)
	}
	// One instance each, as there is one process natively: what a handler remembers, the next one knows.
	// On a machine that is busy, and with the race detector, all takes longer: also what guests do once their calls are over.
	all := append([]string{"-cache-dir", compiled(), "-addr", addr, "-debug-addr", "127.0.0.1:0", "-max-instances", "1", "-overrun", "1m"}, args...)
	p := programs.Start(t, path, all, nil)
	sys.processes[function] = p
	sys.hosts[function] = p.Wait(t, `msg=debugging address=(\S+)`)[1]
	return p.Wait(t, fmt.Sprintf(`msg=serving function=%s address=(\S+)`, function))[1]
}
