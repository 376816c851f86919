package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/host"
	"github.com/cofaas/cofaas/test/contract/backend"
	"github.com/cofaas/cofaas/test/contract/behaviours"
	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// footprint is what is there when nobody calls: goroutines of functions by function, as they see it themselves, natively or as guests,
// and what hosts say of themselves.
type footprint struct {
	functions map[string]int
	hosts     map[string]host.Stats
}

// surveyor takes footprints of a system. It has connections of its own, so that the first and the last are taken in the same way.
type surveyor struct {
	sys     *system
	clients map[string]backend.Client
	http    http.Client
}

func newSurveyor(t *testing.T, sys *system) *surveyor {
	s := &surveyor{sys: sys, clients: map[string]backend.Client{}, http: http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	for function, make := range map[string]func(grpc.ClientConnInterface) backend.Client{
		"a": func(cc grpc.ClientConnInterface) backend.Client { return pb.NewBackendAClient(cc) },
		"b": func(cc grpc.ClientConnInterface) backend.Client { return pb.NewBackendBClient(cc) },
		"c": func(cc grpc.ClientConnInterface) backend.Client { return pb.NewBackendCClient(cc) },
	} {
		if addr := sys.at[function]; addr != "" {
			s.clients[function] = make(programs.Dial(t, addr))
		}
	}
	if s.clients["b"] == nil {
		s.clients["b"] = pb.NewRelayAClient(sys.conn)
	}
	return s
}

func (s *surveyor) take(t *testing.T) *footprint {
	t.Helper()
	f := &footprint{map[string]int{}, map[string]host.Stats{}}
	for function, client := range s.clients {
		reply, err := client.Unary(t.Context(), script.Order(script.Ticks()))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(reply.Facts, func(fact *pb.Fact) bool { return fact.Name == "goroutines" })
		if f.functions[function], err = strconv.Atoi(reply.Facts[i].Value); err != nil {
			t.Fatal(err)
		}
	}
	for function := range s.sys.hosts {
		var stats host.Stats
		if err := json.Unmarshal(s.get(t, function, "/debug/stats"), &stats); err != nil {
			t.Fatal(err)
		}
		f.hosts[function] = stats
	}
	return f
}

func (s *surveyor) get(t *testing.T, function, path string) []byte {
	t.Helper()
	reply, err := s.http.Get("http://" + s.sys.hosts[function] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// settled takes footprints until they stay the same for a while: what has just ended takes its time to go away.
func (s *surveyor) settled(t *testing.T) *footprint {
	t.Helper()
	f := s.take(t)
	for end, same := time.Now().Add(time.Minute), 0; same < 5 && time.Now().Before(end); same++ {
		time.Sleep(50 * time.Millisecond)
		now := s.take(t)
		if len(f.more(now)) > 0 || len(now.more(f)) > 0 {
			same = -1
		}
		f = now
	}
	return f
}

// warmUp has functions call each other as they will, so that the connections that they keep are there.
func (s *surveyor) warmUp(t *testing.T) {
	t.Helper()
	for _, warm := range []struct {
		position behaviours.Position
		name     string
	}{
		{behaviours.Edge, "concurrency/two callees"},
		{behaviours.Edge, "server/health: Check"},
		{behaviours.Chain, "concurrency/each reply to its caller"},
		{behaviours.Cycle, "concurrency/each reply to its caller"},
	} {
		if _, err := pb.NewRunnerClient(s.sys.conn).Run(t.Context(), &pb.RunRequest{Name: warm.name, Position: string(warm.position)}); err != nil {
			t.Fatal(err)
		}
	}
}

// more returns what is there now, and is not to be there, as lines.
func (f *footprint) more(now *footprint) (lines []string) {
	for function, n := range now.functions {
		if was := f.functions[function]; n > was {
			lines = append(lines, fmt.Sprintf("function %s has %d goroutines and had %d", function, n, was))
		}
	}
	for name, h := range now.hosts {
		for function, is := range h.Functions {
			if was := f.hosts[name].Functions[function]; is.InProgress() || is.Instances != was.Instances {
				lines = append(lines, fmt.Sprintf("host of %s: function %s has %+v and had %+v", name, function, is, was))
			}
		}
		if was := f.hosts[name]; h.Goroutines > was.Goroutines {
			lines = append(lines, fmt.Sprintf("host of %s has %d goroutines and %d connections, and had %d and %d", name, h.Goroutines, h.Connections, was.Goroutines, was.Connections))
		}
	}
	slices.Sort(lines)
	return lines
}

// seesLeaks leaves a stream open, from the test over a to b, and asserts that this shows: in the functions at both of its ends, and in the
// hosts that carry it. It is done again if it does not: then there was something else before, which has ended meanwhile.
func (s *surveyor) seesLeaks(t *testing.T, before *footprint) {
	t.Helper()
	var missing []string
	for range 10 {
		if missing = s.missesLeaks(t, before); len(missing) == 0 {
			return
		}
		*before = *s.settled(t)
	}
	for _, line := range missing {
		t.Error(line)
	}
}

// missesLeaks returns what does not show, as lines.
func (s *surveyor) missesLeaks(t *testing.T, before *footprint) (missing []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := pb.NewRelayAClient(s.sys.conn).Chat(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(script.Order(script.Report(), script.ReceiveAll())); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	want := []string{"function a has", "function b has"}
	for function := range s.sys.hosts {
		if function != "c" {
			want = append(want, "host of "+function+": function "+function)
		}
	}
	more := strings.Join(before.more(s.take(t)), "\n")
	for _, line := range want {
		if !strings.Contains(more, line) {
			missing = append(missing, fmt.Sprintf("a stream is open, and of %q there is nothing in\n%s", line, more))
		}
	}
	return missing
}

// noLeaks waits until there is no more than there was.
func (s *surveyor) noLeaks(t *testing.T, before *footprint) {
	t.Helper()
	var more []string
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if more = before.more(s.take(t)); len(more) == 0 {
			return
		}
	}
	for _, line := range more {
		t.Error(line)
	}
	for function := range s.sys.hosts {
		t.Logf("goroutines of the host of %s:\n%s", function, s.get(t, function, "/debug/pprof/goroutine?debug=1"))
	}
}
