package resolver

import "errors"

// builders are the registered ones, at first those that grpc-go has from the start.
var builders = map[string]Builder{
	"dns":           unresolved{"dns"},
	"passthrough":   passthrough{},
	"unix":          socket{unresolved{"unix"}},
	"unix-abstract": socket{unresolved{"unix-abstract"}},
}

// passthrough takes the endpoint for an address.
type passthrough struct{}

func (passthrough) Scheme() string { return "passthrough" }

func (passthrough) Build(target Target, cc ClientConn, opts BuildOptions) (Resolver, error) {
	if target.Endpoint() == "" && opts.Dialer == nil {
		return nil, errors.New("passthrough: received empty target in Build()")
	}
	cc.UpdateState(State{Addresses: []Address{{Addr: target.Endpoint()}}})
	return still{}, nil
}

// unresolved is what a guest cannot resolve, for want of a network.
type unresolved struct{ scheme string }

func (b unresolved) Scheme() string { return b.scheme }

func (b unresolved) Build(_ Target, cc ClientConn, _ BuildOptions) (Resolver, error) {
	// As in grpc-go not from within Build, during which callers may hold locks that ReportError takes.
	go cc.ReportError(errors.New(b.scheme + " resolver: a guest resolves no names"))
	return still{}, nil
}

// socket is a scheme of targets that are not hosts.
type socket struct{ unresolved }

func (socket) OverrideAuthority(Target) string { return "localhost" }

// still is a resolver that has said all it will.
type still struct{}

func (still) ResolveNow(ResolveNowOptions) {}
func (still) Close()                       {}
