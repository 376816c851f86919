package balancer_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	_ "google.golang.org/grpc" // registers balancers
	real "google.golang.org/grpc/balancer"
	realbase "google.golang.org/grpc/balancer/base"
	realpickfirst "google.golang.org/grpc/balancer/pickfirst"
	realroundrobin "google.golang.org/grpc/balancer/roundrobin"
	realconnectivity "google.golang.org/grpc/connectivity"

	"github.com/cofaas/cofaas/stubs/grpc/balancer"
	"github.com/cofaas/cofaas/stubs/grpc/balancer/base"
	"github.com/cofaas/cofaas/stubs/grpc/balancer/pickfirst"
	"github.com/cofaas/cofaas/stubs/grpc/balancer/roundrobin"
	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
)

func TestRegistry(t *testing.T) {
	balancer.Register(base.NewBalancerBuilder("Mine", nil, base.Config{}))
	real.Register(realbase.NewBalancerBuilder("Mine", nil, realbase.Config{}))
	for _, name := range []string{roundrobin.Name, realroundrobin.Name, pickfirst.Name, realpickfirst.Name, "Mine", "mine", "none", ""} {
		got, want := balancer.Get(name), real.Get(name)
		if (got == nil) != (want == nil) || got != nil && got.Name() != want.Name() {
			t.Errorf("%q: got %v, grpc-go %v", name, got, want)
		}
	}
	if err := balancer.Get("Mine").Build(nil, balancer.BuildOptions{}).UpdateClientConnState(balancer.ClientConnState{}); err == nil {
		t.Error("a guest balances")
	}
	want := errors.New("none")
	if _, err := base.NewErrPicker(want).Pick(balancer.PickInfo{}); err != want {
		t.Errorf("got %v", err)
	}
}

func TestConnectivityStateEvaluator(t *testing.T) {
	var got balancer.ConnectivityStateEvaluator
	var want real.ConnectivityStateEvaluator
	states := []int{4, 4, 4, 4, 4} // all connections are shut down
	for range 1000 {
		i, next := rand.IntN(len(states)), rand.IntN(5)
		g := got.RecordTransition(connectivity.State(states[i]), connectivity.State(next))
		w := want.RecordTransition(realconnectivity.State(states[i]), realconnectivity.State(next))
		states[i] = next
		if g.String() != w.String() || got.CurrentState() != g {
			t.Fatalf("%v: got %v, grpc-go %v", states, g, w)
		}
	}
}
