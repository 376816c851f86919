package grpc_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	real "google.golang.org/grpc"
	realcodes "google.golang.org/grpc/codes"
	realcreds "google.golang.org/grpc/credentials"
	realinsecure "google.golang.org/grpc/credentials/insecure"
	realstatus "google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/stubs/grpc"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/credentials/insecure"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

type token struct{ secure bool }

func (token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return nil, nil
}
func (c token) RequireTransportSecurity() bool { return c.secure }

// emptyBundle has no transport credentials, which is an error.
type emptyBundle struct{ credentials.Bundle }

func (emptyBundle) TransportCredentials() credentials.TransportCredentials { return nil }
func (emptyBundle) PerRPCCredentials() credentials.PerRPCCredentials       { return nil }

type realEmptyBundle struct{ realcreds.Bundle }

func (realEmptyBundle) TransportCredentials() realcreds.TransportCredentials { return nil }
func (realEmptyBundle) PerRPCCredentials() realcreds.PerRPCCredentials       { return nil }

func TestClientOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		real []real.DialOption
		stub []grpc.DialOption
	}{
		{"none", nil, nil},
		{"insecure", []real.DialOption{real.WithTransportCredentials(realinsecure.NewCredentials())},
			[]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}},
		{"WithInsecure", []real.DialOption{real.WithInsecure()}, []grpc.DialOption{grpc.WithInsecure()}},
		{"bundle", []real.DialOption{real.WithCredentialsBundle(realinsecure.NewBundle())},
			[]grpc.DialOption{grpc.WithCredentialsBundle(insecure.NewBundle())}},
		{"empty bundle", []real.DialOption{real.WithCredentialsBundle(realEmptyBundle{})},
			[]grpc.DialOption{grpc.WithCredentialsBundle(emptyBundle{})}},
		{"bundle and credentials", []real.DialOption{real.WithInsecure(), real.WithCredentialsBundle(realinsecure.NewBundle())},
			[]grpc.DialOption{grpc.WithInsecure(), grpc.WithCredentialsBundle(insecure.NewBundle())}},
		{"insecure token", []real.DialOption{real.WithInsecure(), real.WithPerRPCCredentials(token{true})},
			[]grpc.DialOption{grpc.WithInsecure(), grpc.WithPerRPCCredentials(token{true})}},
		{"TLS token", []real.DialOption{real.WithTransportCredentials(realcreds.NewTLS(nil)), real.WithPerRPCCredentials(token{true})},
			[]grpc.DialOption{grpc.WithTransportCredentials(credentials.NewTLS(nil)), grpc.WithPerRPCCredentials(token{true})}},
		{"authorities", []real.DialOption{real.WithTransportCredentials(realcreds.NewClientTLSFromCert(nil, "a")), real.WithAuthority("b")},
			[]grpc.DialOption{grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(nil, "a")), grpc.WithAuthority("b")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rc, want := real.NewClient("localhost:1", c.real...)
			sc, got := grpc.NewClient("localhost:1", c.stub...)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, grpc-go %v", got, want)
			}
			if want == nil {
				rc.Close()
				sc.Close()
			}
		})
	}
}

func TestTargets(t *testing.T) {
	for _, target := range []string{
		"localhost:50051", ":50051", "host", "dns:///host:1", "dns://8.8.8.8/host:1", "passthrough:///x", "passthrough:x",
		"unix:/tmp/a", "unix:///tmp/a", "unix:rel", "unix-abstract:a", "xds:///svc", "consul://a/b", "http://h:1/p", "",
		"a b", "%zz", "dns:///", "host:1?x=y", "[::1]:80",
	} {
		t.Run(target, func(t *testing.T) {
			rc, rerr := real.NewClient(target, real.WithInsecure())
			sc, serr := grpc.NewClient(target, grpc.WithInsecure())
			if fmt.Sprint(rerr) != fmt.Sprint(serr) {
				t.Fatalf("NewClient: got %v, grpc-go %v", serr, rerr)
			}
			if rerr == nil {
				defer rc.Close()
				if got, want := sc.Target()+" "+sc.CanonicalTarget(), rc.Target()+" "+rc.CanonicalTarget(); got != want {
					t.Errorf("got %q, grpc-go %q", got, want)
				}
			}
			rc, rerr = real.Dial(target, real.WithInsecure())
			sc, serr = grpc.Dial(target, grpc.WithInsecure())
			if fmt.Sprint(rerr) != fmt.Sprint(serr) {
				t.Fatalf("Dial: got %v, grpc-go %v", serr, rerr)
			}
			if rerr == nil {
				defer rc.Close()
				if got, want := sc.CanonicalTarget(), rc.CanonicalTarget(); got != want {
					t.Errorf("Dial: got %q, grpc-go %q", got, want)
				}
			}
		})
	}
}

func TestState(t *testing.T) {
	cc, err := grpc.NewClient("x", grpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	if s := cc.GetState(); s != connectivity.Idle {
		t.Errorf("new: %v", s)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if cc.WaitForStateChange(ctx, connectivity.Idle) {
		t.Error("the state changed by itself")
	}
	go cc.Connect()
	if !cc.WaitForStateChange(t.Context(), connectivity.Idle) || cc.GetState() != connectivity.Ready {
		t.Errorf("connected: %v", cc.GetState())
	}
	if err := cc.Close(); err != nil {
		t.Error(err)
	}
	if s := cc.GetState(); s != connectivity.Shutdown {
		t.Errorf("closed: %v", s)
	}
	if err := cc.Close(); err != grpc.ErrClientConnClosing || err.Error() != real.ErrClientConnClosing.Error() {
		t.Errorf("closed twice: %v", err)
	}
}

func TestBlockingDial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := grpc.DialContext(ctx, "x", grpc.WithInsecure(), grpc.WithBlock()); err != nil {
		t.Error(err)
	}
	cancel()
	_, want := real.DialContext(ctx, "x", real.WithInsecure(), real.WithBlock())
	_, got := grpc.DialContext(ctx, "x", grpc.WithInsecure(), grpc.WithBlock())
	if got != want {
		t.Errorf("got %v, grpc-go %v", got, want)
	}
}

// The version is that of the module that the tests compare with.
func TestVersion(t *testing.T) {
	if grpc.Version != real.Version {
		t.Errorf("got %s, grpc-go %s", grpc.Version, real.Version)
	}
	if got, want := grpc.ErrServerStopped.Error(), real.ErrServerStopped.Error(); got != want {
		t.Errorf("got %s, grpc-go %s", got, want)
	}
	if status.Code(nil) != codes.OK || realstatus.Code(nil) != realcodes.OK {
		t.Error("nil is OK")
	}
}
