package contract

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/behaviours"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/internal/programs"
)

var (
	modesFlag = flag.String("contract.modes", "native,consolidated,isolates,mixed", "comma-separated `modes` to run the suite in: native, consolidated, remote, isolates, isolates-remote, mixed, mixed-guest")
	raceFlag  = flag.Bool("contract.race", false, "build functions and hosts with the race detector")
	scratch   string // lives as long as the tests
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(programs.Main(m, &scratch))
}

// chosen returns the modes to run, natively first: what fails there is wrong in the suite.
func chosen(t *testing.T) (out []*mode) {
	t.Helper()
	names := strings.Split(*modesFlag, ",")
	for _, m := range modes {
		if i := slices.Index(names, m.name); i >= 0 {
			names = slices.Delete(names, i, i+1)
			out = append(out, m)
		}
	}
	if len(names) > 0 {
		t.Fatalf("-contract.modes: there is no mode %q", names)
	}
	return out
}

// TestBehaviours runs all behaviours in all of their positions.
func TestBehaviours(t *testing.T) {
	for _, m := range chosen(t) {
		t.Run(m.name, func(t *testing.T) { runBehaviours(t, m) })
	}
}

func runBehaviours(t *testing.T, m *mode) {
	sys := m.start(t)
	runner := pb.NewRunnerClient(sys.conn)
	remote, err := runner.List(t.Context(), &pb.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	var here []string
	for _, b := range behaviours.All() {
		here = append(here, b.Name)
	}
	if !slices.Equal(here, remote.Names) {
		t.Fatalf("function a has other behaviours: %q", remote.Names)
	}

	survey := newSurveyor(t, sys)
	survey.warmUp(t)
	before := survey.settled(t)
	t.Run("sees what is left behind", func(t *testing.T) { survey.seesLeaks(t, before) })
	outside := environments(sys)
	var passed, failed, left, assertions atomic.Int64
	runAt := func(t *testing.T, b *behaviours.Behaviour, position behaviours.Position) {
		var got []*pb.Assertion
		var err error
		if env := outside[position]; env != nil {
			got, err = behaviours.Run(t.Context(), b.Name, env)
		} else {
			var reply *pb.RunReply
			reply, err = runner.Run(t.Context(), &pb.RunRequest{Name: b.Name, Position: string(position)})
			got = reply.GetAssertions()
		}
		if err != nil {
			t.Error(err)
		} else if len(got) == 0 {
			t.Error("nothing was asserted")
		}
		for _, a := range got {
			if !a.Ok {
				t.Errorf("%s: %s", a.Name, a.Detail)
			}
		}
		assertions.Add(int64(len(got)))
		if t.Failed() {
			failed.Add(1)
		} else {
			passed.Add(1)
		}
	}
	// Positions run side by side, as many as -parallel says. This group ends when all of them have.
	t.Run("at", func(t *testing.T) {
		for _, position := range []behaviours.Position{behaviours.Outside, behaviours.Relayed, behaviours.Edge, behaviours.Chain, behaviours.Cycle} {
			t.Run(string(position), func(t *testing.T) {
				t.Parallel()
				for _, b := range behaviours.All() {
					if !slices.Contains(b.At, position) {
						continue
					}
					if d := known(m, b, position); d != nil {
						left.Add(1)
						t.Logf("%s is left out: %s", b.Name, d.reason)
					} else {
						t.Run(b.Name, func(t *testing.T) { runAt(t, b, position) })
					}
				}
			})
		}
	})
	t.Run("leaves nothing behind", func(t *testing.T) { survey.noLeaks(t, before) })
	t.Logf("%d assertions", assertions.Load())
	fmt.Printf("mode %s: %d behaviours passed, %d failed, %d left out (differences_test.go)\n", m.name, passed.Load(), failed.Load(), left.Load())
}

// environments are the positions in which the test itself is the client.
func environments(sys *system) map[behaviours.Position]*behaviours.Env {
	return map[behaviours.Position]*behaviours.Env{
		behaviours.Outside: {
			Position: behaviours.Outside, Service: "contract.v1.BackendA", Backend: "contract.v1.BackendA", Target: sys.addr, Conn: sys.conn,
			New: func(cc grpc.ClientConnInterface) backend.Client { return pb.NewBackendAClient(cc) },
		},
		behaviours.Relayed: {
			Position: behaviours.Relayed, Service: "contract.v1.RelayA", Backend: "contract.v1.BackendB", Target: sys.addr, Conn: sys.conn,
			New: func(cc grpc.ClientConnInterface) backend.Client { return pb.NewRelayAClient(cc) },
		},
	}
}
