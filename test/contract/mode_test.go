package contract

import (
	"context"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
)

// mode is a way to start the functions. Nothing else may differ between modes.
type mode struct {
	name  string
	start func(t *testing.T) *system
	// panics is the code that a caller gets for a panic of its callee: natively, the callee's process ends.
	panics codes.Code
}

var modes = []*mode{
	{"native", startNative, codes.Unavailable},
	{"consolidated", startConsolidated, codes.Internal},
	{"remote", startRemote, codes.Internal},
}

// system is the functions, running.
type system struct {
	addr string // of a
	conn *grpc.ClientConn
	// processes by function; in one host, there is only that of a.
	processes map[string]*process
	// again starts a function that has ended once more.
	again func(t *testing.T, function string)
}

var functions = []string{"a", "b", "c"}

// addresses are where functions listen, by the variables that tell them.
func addresses(t *testing.T) map[string]string {
	return map[string]string{"a": freeAddress(t), "b": freeAddress(t), "c": freeAddress(t), "annex": freeAddress(t)}
}

// variables tells a function where it listens itself, and where the others do.
func variables(function string, at map[string]string) []string {
	return []string{"ADDRESS=" + at[function], "A_ADDRESS=" + at["a"], "B_ADDRESS=" + at["b"], "C_ADDRESS=" + at["c"], "ANNEX_ADDRESS=" + at["annex"]}
}

var nativeOnce = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(scratch, "native") + string(filepath.Separator)
	return bin, goCommand(".", "build", "-o", bin, "./functions/...")
})

// startNative starts one process per function.
func startNative(t *testing.T) *system {
	t.Helper()
	bin, err := nativeOnce()
	if err != nil {
		t.Fatal(err)
	}
	at := addresses(t)
	sys := &system{addr: at["a"], processes: map[string]*process{}}
	sys.again = func(t *testing.T, function string) {
		sys.processes[function] = start(t, filepath.Join(bin, function), nil, variables(function, at))
		dial(t, at[function])
	}
	for _, function := range functions {
		sys.again(t, function)
	}
	sys.conn = dial(t, sys.addr)
	return sys
}

var consolidatedOnce = sync.OnceValues(func() (string, error) {
	host, err := buildHost("consolidated", "a", functions)
	return host, err
})

// startConsolidated starts the host of a, which runs b and c too.
func startConsolidated(t *testing.T) *system {
	t.Helper()
	host, err := consolidatedOnce()
	if err != nil {
		t.Fatal(err)
	}
	sys := &system{processes: map[string]*process{}, again: func(*testing.T, string) {}}
	sys.processes["a"], sys.addr = startHost(t, host, "a", "127.0.0.1:0", nil)
	sys.conn = dial(t, sys.addr)
	return sys
}

var remoteOnce = sync.OnceValues(func() (map[string]string, error) {
	hosts := map[string]string{}
	for _, function := range functions {
		host, err := buildHost("remote-"+function, function, []string{function})
		if err != nil {
			return nil, err
		}
		hosts[function] = host
	}
	return hosts, nil
})

// startRemote starts a host for each function, with nothing but that function in it.
func startRemote(t *testing.T) *system {
	t.Helper()
	hosts, err := remoteOnce()
	if err != nil {
		t.Fatal(err)
	}
	at := addresses(t)
	sys := &system{addr: at["a"], processes: map[string]*process{}, again: func(*testing.T, string) {}}
	for _, function := range slices.Sorted(maps.Keys(hosts)) {
		sys.processes[function], _ = startHost(t, hosts[function], function, at[function], variables(function, at))
	}
	sys.conn = dial(t, sys.addr)
	return sys
}

// startHost starts a host and returns where it serves.
func startHost(t *testing.T, path, function, addr string, env []string) (*process, string) {
	t.Helper()
	// One instance each, as there is one process natively: what a handler remembers, the next one knows.
	args := []string{"-cache-dir", filepath.Join(scratch, "compiled"), "-addr", addr, "-max-instances", "1"}
	for _, kv := range env {
		args = append(args, "-env", function+":"+kv)
	}
	p := start(t, path, args, nil)
	return p, p.log.wait(t, fmt.Sprintf(`msg=serving function=%s address=(\S+)`, function), p)[1]
}

func freeAddress(t *testing.T) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	return lis.Addr().String()
}

// dial connects and waits until there is a connection.
func dial(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		conn.Connect()
		conn.ResetConnectBackoff()
		step, stop := context.WithTimeout(ctx, 50*time.Millisecond)
		conn.WaitForStateChange(step, state)
		stop()
		if ctx.Err() != nil {
			t.Fatalf("no connection to %s", target)
		}
	}
	return conn
}
