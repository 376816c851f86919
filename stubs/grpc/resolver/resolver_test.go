package resolver_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"

	_ "google.golang.org/grpc" // registers resolvers
	realattributes "google.golang.org/grpc/attributes"
	real "google.golang.org/grpc/resolver"
	realmanual "google.golang.org/grpc/resolver/manual"
	realserviceconfig "google.golang.org/grpc/serviceconfig"

	"github.com/cofaas/cofaas/stubs/grpc/attributes"
	"github.com/cofaas/cofaas/stubs/grpc/resolver"
	"github.com/cofaas/cofaas/stubs/grpc/resolver/dns"
	"github.com/cofaas/cofaas/stubs/grpc/resolver/manual"
	"github.com/cofaas/cofaas/stubs/grpc/serviceconfig"
)

func TestTarget(t *testing.T) {
	for _, s := range []string{"dns:///host:1", "dns://8.8.8.8/host", "unix:/a/b", "unix:a", "passthrough:x", "x://h/p/q?r=s", ""} {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		got, want := resolver.Target{URL: *u}, real.Target{URL: *u}
		if got.Endpoint() != want.Endpoint() || got.String() != want.String() {
			t.Errorf("%s: got %q %s, grpc-go %q %s", s, got.Endpoint(), got, want.Endpoint(), want)
		}
	}
}

var schemes atomic.Int64

func TestRegistry(t *testing.T) {
	consul := fmt.Sprint("consul", schemes.Add(1)) // registered for good, and the test may run again
	for _, scheme := range []string{"dns", "passthrough", "unix", "unix-abstract", consul, ""} {
		if got, want := resolver.Get(scheme) != nil, real.Get(scheme) != nil; got != want {
			t.Errorf("%q: got %t, grpc-go %t", scheme, got, want)
		}
		if b := resolver.Get(scheme); b != nil && b.Scheme() != scheme {
			t.Errorf("%q: %q", scheme, b.Scheme())
		}
	}
	m := manual.NewBuilderWithScheme(consul)
	resolver.Register(m)
	if resolver.Get(consul) != resolver.Builder(m) || dns.NewBuilder() != resolver.Get("dns") {
		t.Error("not registered")
	}
	if got, want := resolver.GetDefaultScheme(), real.GetDefaultScheme(); got != want {
		t.Errorf("got %s, grpc-go %s", got, want)
	}
}

func addresses() ([]resolver.Address, []real.Address) {
	var stubs []resolver.Address
	var reals []real.Address
	for _, addr := range []string{"a", "b", `"a" "b"`, ""} {
		for _, name := range []string{"", "n"} {
			for _, attr := range []string{"", "x"} {
				s, r := resolver.Address{Addr: addr, ServerName: name}, real.Address{Addr: addr, ServerName: name}
				if attr != "" {
					s.Attributes, r.Attributes = attributes.New("k", attr), realattributes.New("k", attr)
				}
				stubs, reals = append(stubs, s), append(reals, r)
				s.BalancerAttributes, r.BalancerAttributes = attributes.New("b", attr), realattributes.New("b", attr)
				s.Metadata, r.Metadata = addr, addr
				stubs, reals = append(stubs, s), append(reals, r)
			}
		}
	}
	return stubs, reals
}

func TestAddressMap(t *testing.T) {
	stubs, reals := addresses()
	got, want := resolver.NewAddressMapV2[int](), real.NewAddressMapV2[int]()
	check := func(i int) {
		t.Helper()
		sv, sok := got.Get(stubs[i])
		rv, rok := want.Get(reals[i])
		if sv != rv || sok != rok || got.Len() != want.Len() {
			t.Errorf("%v: got %d %t of %d, grpc-go %d %t of %d", stubs[i], sv, sok, got.Len(), rv, rok, want.Len())
		}
		if s, r := stubs[i].String(), reals[i].String(); s != r {
			t.Errorf("got %s, grpc-go %s", s, r)
		}
		for j := range stubs {
			if s, r := stubs[i].Equal(stubs[j]), reals[i].Equal(reals[j]); s != r {
				t.Errorf("%v equals %v: got %t, grpc-go %t", stubs[i], stubs[j], s, r)
			}
		}
	}
	for i := range stubs {
		check(i)
		got.Set(stubs[i], i)
		want.Set(reals[i], i)
		check(i)
	}
	gotValues, wantValues := got.Values(), want.Values()
	slices.Sort(gotValues)
	slices.Sort(wantValues)
	if !slices.Equal(gotValues, wantValues) || len(got.Keys()) != len(want.Keys()) {
		t.Errorf("got %v, grpc-go %v", gotValues, wantValues)
	}
	for a, v := range got.All() {
		if w, _ := got.Get(a); w != v {
			t.Errorf("%v: %d and %d", a, v, w)
		}
	}
	for i := range stubs {
		got.Delete(stubs[i])
		want.Delete(reals[i])
		check(i)
	}
}

func TestEndpointMap(t *testing.T) {
	got, want := resolver.NewEndpointMap[int](), real.NewEndpointMap[int]()
	for i, list := range [][]string{{"a"}, {"a", "b"}, {"b", "a"}, {"a b"}, {}, {"a", "a"}, {`a" "b`}} {
		var s resolver.Endpoint
		var r real.Endpoint
		for _, addr := range list {
			s.Addresses = append(s.Addresses, resolver.Address{Addr: addr, ServerName: fmt.Sprint(i)})
			r.Addresses = append(r.Addresses, real.Address{Addr: addr, ServerName: fmt.Sprint(i)})
		}
		sv, sok := got.Get(s)
		rv, rok := want.Get(r)
		if sv != rv || sok != rok {
			t.Errorf("%q: got %d %t, grpc-go %d %t", list, sv, sok, rv, rok)
		}
		got.Set(s, i)
		want.Set(r, i)
		if got.Len() != want.Len() || len(got.Keys()) != len(want.Keys()) || len(got.Values()) != len(want.Values()) {
			t.Errorf("%q: got %d, grpc-go %d", list, got.Len(), want.Len())
		}
		if i == 3 {
			got.Delete(s)
			want.Delete(r)
		}
		s1, r1 := resolver.ValidateEndpoints([]resolver.Endpoint{s}), real.ValidateEndpoints([]real.Endpoint{r})
		if fmt.Sprint(s1) != fmt.Sprint(r1) {
			t.Errorf("%q: got %v, grpc-go %v", list, s1, r1)
		}
	}
	if s, r := resolver.ValidateEndpoints(nil), real.ValidateEndpoints(nil); s.Error() != r.Error() {
		t.Errorf("got %v, grpc-go %v", s, r)
	}
}

// conn is what resolvers report to, and realConn the same for grpc-go.
type conn struct {
	resolver.ClientConn
	report func(string)
	errs   chan error
}

func (c conn) UpdateState(s resolver.State) error {
	c.report(fmt.Sprint("state ", s.Addresses))
	return errors.New("refused")
}

func (c conn) ReportError(err error) { c.errs <- err }

func (c conn) ParseServiceConfig(string) *serviceconfig.ParseResult { return nil }

type realConn struct {
	real.ClientConn
	report func(string)
}

func (c realConn) UpdateState(s real.State) error {
	c.report(fmt.Sprint("state ", s.Addresses))
	return errors.New("refused")
}

func (c realConn) ParseServiceConfig(string) *realserviceconfig.ParseResult { return nil }

func TestManual(t *testing.T) {
	var got, want []string
	report := func(list *[]string) func(string) { return func(s string) { *list = append(*list, s) } }
	s, r := manual.NewBuilderWithScheme("m"), realmanual.NewBuilderWithScheme("m")
	panics := func(f func()) (p any) {
		defer func() { p = recover() }()
		f()
		return nil
	}
	report(&got)(fmt.Sprint(s.Scheme(), panics(func() { s.CC() })))
	report(&want)(fmt.Sprint(r.Scheme(), panics(func() { r.CC() })))
	s.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: "0"}}})
	r.InitialState(real.State{Addresses: []real.Address{{Addr: "0"}}})
	s.UpdateState(resolver.State{Addresses: []resolver.Address{{Addr: "1"}}})
	r.UpdateState(real.State{Addresses: []real.Address{{Addr: "1"}}})
	updated := make(chan bool)
	s.BuildCallback = func(resolver.Target, resolver.ClientConn, resolver.BuildOptions) { report(&got)("build") }
	r.BuildCallback = func(real.Target, real.ClientConn, real.BuildOptions) { report(&want)("build") }
	s.UpdateStateCallback = func(err error) { report(&got)(err.Error()); updated <- true }
	r.UpdateStateCallback = func(err error) { report(&want)(err.Error()); updated <- true }
	s.ResolveNowCallback = func(resolver.ResolveNowOptions) { report(&got)("now") }
	r.ResolveNowCallback = func(real.ResolveNowOptions) { report(&want)("now") }
	s.CloseCallback = func() { report(&got)("close") }
	r.CloseCallback = func() { report(&want)("close") }
	s.Build(resolver.Target{}, conn{report: report(&got)}, resolver.BuildOptions{})
	<-updated
	r.Build(real.Target{}, realConn{report: report(&want)}, real.BuildOptions{})
	<-updated
	go s.UpdateState(resolver.State{})
	<-updated
	go r.UpdateState(real.State{})
	<-updated
	s.ResolveNow(resolver.ResolveNowOptions{})
	r.ResolveNow(real.ResolveNowOptions{})
	s.Close()
	r.Close()
	if !slices.Equal(got, want) || s.CC() == nil {
		t.Errorf("got %q, grpc-go %q", got, want)
	}
}

func TestBuiltin(t *testing.T) {
	for _, target := range []string{"passthrough:///x:1", "passthrough:///"} {
		u, _ := url.Parse(target)
		var got, want []string
		_, gotErr := resolver.Get("passthrough").Build(resolver.Target{URL: *u}, conn{report: func(s string) { got = append(got, s) }}, resolver.BuildOptions{})
		_, wantErr := real.Get("passthrough").Build(real.Target{URL: *u}, realConn{report: func(s string) { want = append(want, s) }}, real.BuildOptions{})
		if fmt.Sprint(got, gotErr) != fmt.Sprint(want, wantErr) {
			t.Errorf("%s: got %v %v, grpc-go %v %v", target, got, gotErr, want, wantErr)
		}
	}
	errs := make(chan error)
	r, err := resolver.Get("dns").Build(resolver.Target{}, conn{errs: errs}, resolver.BuildOptions{})
	if err != nil || <-errs == nil {
		t.Errorf("dns: %v", err)
	}
	r.ResolveNow(resolver.ResolveNowOptions{})
	r.Close()
	target := resolver.Target{}
	if got := resolver.Get("unix").(resolver.AuthorityOverrider).OverrideAuthority(target); got != "localhost" {
		t.Errorf("unix: authority %q", got)
	}
}
