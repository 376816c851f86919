// Package behaviours is what the contract suite asserts about gRPC. It is an ordinary package that uses grpc-go as applications
// do, so that a function can run it as well as a test. A behaviour knows from its [Env] whom it may call; it does not know how
// the other side runs.
//
// What is asserted comes from grpc-go: every behaviour passes natively before anything else runs it. Texts are asserted where
// applications see them and a call within one process can say the same; addresses, user agents and sizes on the wire are not.
package behaviours

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// Behaviour is one thing that gRPC does.
type Behaviour struct {
	Name string
	At   []Position // where it can be seen
	Run  func(t *T, e *Env)
}

// Position says who calls whom.
type Position string

const (
	Outside Position = "outside" // the test calls a
	Relayed Position = "relayed" // the test calls a, which relays to b
	Edge    Position = "edge"    // a calls b
	Chain   Position = "chain"   // a calls b, which relays to c
	Cycle   Position = "cycle"   // a calls b, which relays to a
)

var (
	everywhere = []Position{Outside, Relayed, Edge, Chain, Cycle}
	// direct is for what a relay would change.
	direct = []Position{Outside, Edge}
	// inside is for what only a function can do: call several functions, or the annex.
	inside = []Position{Edge}
)

// All returns the behaviours. Their names are unique.
func All() []*Behaviour {
	return slices.Concat(
		statuses(),
		incoming(),
		headers(),
		deadlines(),
		cancellations(),
		limits(),
		options(),
		codecs(),
		interceptors(),
		statistics(),
		messages(),
		streams(),
		streamEnds(),
		flows(),
		servers(),
		annexes(),
		connections(),
		concurrency(),
		legacies(),
	)
}

// one is a behaviour that needs no kind of call, or a certain one.
func one(name string, at []Position, run func(t *T, e *Env)) []*Behaviour {
	return []*Behaviour{{Name: name, At: at, Run: run}}
}

// each is a behaviour of several kinds of calls.
func each(name string, at []Position, kinds []Kind, run func(t *T, e *Env, k Kind)) (out []*Behaviour) {
	for _, k := range kinds {
		out = append(out, &Behaviour{Name: name + "/" + k.String(), At: at, Run: func(t *T, e *Env) { run(t, e, k) }})
	}
	return out
}

// Run runs the behaviour of that name.
func Run(ctx context.Context, name string, e *Env) ([]*pb.Assertion, error) {
	for _, b := range All() {
		if b.Name == name {
			return run(ctx, b, e), nil
		}
	}
	return nil, fmt.Errorf("there is no behaviour %q", name)
}

// Runner runs behaviours in the process that serves it.
type Runner struct {
	pb.UnimplementedRunnerServer
	Envs []*Env
}

func (r *Runner) List(context.Context, *pb.Empty) (*pb.Names, error) {
	names := new(pb.Names)
	for _, b := range All() {
		names.Names = append(names.Names, b.Name)
	}
	return names, nil
}

func (r *Runner) Run(ctx context.Context, in *pb.RunRequest) (*pb.RunReply, error) {
	for _, e := range r.Envs {
		if string(e.Position) != in.Position {
			continue
		}
		assertions, err := Run(ctx, in.Name, e)
		if err != nil {
			return nil, status.Error(codes.NotFound, err.Error())
		}
		return &pb.RunReply{Assertions: assertions}, nil
	}
	return nil, status.Errorf(codes.NotFound, "there is no position %q here", in.Position)
}
