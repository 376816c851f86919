package grpc

import (
	"fmt"
	"testing"

	real "google.golang.org/grpc"
	realcreds "google.golang.org/grpc/credentials/insecure"
	realresolver "google.golang.org/grpc/resolver"
	realmanual "google.golang.org/grpc/resolver/manual"

	"github.com/cofaas/cofaas/stubs/grpc/resolver"
	"github.com/cofaas/cofaas/stubs/grpc/resolver/manual"
)

func TestRegisteredScheme(t *testing.T) {
	resolver.Register(manual.NewBuilderWithScheme("registered"))
	realresolver.Register(realmanual.NewBuilderWithScheme("registered"))
	for _, target := range []string{"registered:///x", "registered://a/x/y", "registered:x", "registered", "other:///x"} {
		cc, err := NewClient(target, WithInsecure())
		rc, rerr := real.NewClient(target, real.WithTransportCredentials(realcreds.NewCredentials()))
		if err != nil || rerr != nil {
			t.Fatal(err, rerr)
		}
		if got, want := cc.CanonicalTarget(), rc.CanonicalTarget(); got != want {
			t.Errorf("%s: got %s, grpc-go %s", target, got, want)
		}
		rc.Close()
	}
}

// Resolvers of a connection come before registered ones.
func TestParseTarget_WithResolvers(t *testing.T) {
	var o dialOptions
	WithResolvers(manual.NewBuilderWithScheme("own"), manual.NewBuilderWithScheme("dns")).apply(&o)
	own, err := o.parseTarget("own:///x", "dns")
	if err != nil || own.String() != "own:///x" || own.builder != o.resolvers[0] {
		t.Errorf("got %v, %v", own, err)
	}
	def, err := o.parseTarget("x", "dns")
	if err != nil || def.String() != "dns:///x" || def.builder != o.resolvers[1] {
		t.Errorf("got %v, %v", def, err)
	}
	if _, err := o.parseTarget("x", "none"); fmt.Sprint(err) != `could not get resolver for default scheme: "none"` {
		t.Errorf("got %v", err)
	}
}

func TestAuthority(t *testing.T) {
	for target, want := range map[string]string{
		"host:1": "host:1", ":1": "localhost:1", "unix:/a": "localhost", "passthrough:///a/b c": "a%2Fb%20c", "dns:///[::1]:2": "[::1]:2",
	} {
		parsed, err := parseTarget(target, "dns")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := new(dialOptions).authorityFor(parsed); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", target, got, err, want)
		}
	}
}
