package grpc

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/credentials/insecure"
)

// useRoute has the host give services a route, and returns what it is told of connections.
func useRoute(t *testing.T, number uint32) *[]guest.Routing {
	t.Helper()
	useFakeHost(t)
	old := findRoute
	t.Cleanup(func() { findRoute = old })
	var told []guest.Routing
	findRoute = func(service string, describe func() guest.Routing) uint32 {
		if service != serviceOf(fullName) {
			t.Errorf("asked for %q", service)
		}
		told = append(told, describe())
		return number
	}
	return &told
}

// seenImport notes the calls of a method.
type seenImport struct{ calls []guest.ClientCall }

func (i *seenImport) Invoke(_ context.Context, _ <-chan struct{}, call *guest.ClientCall, _, _ any) *guest.Status {
	if call == nil {
		call = new(guest.ClientCall)
	}
	i.calls = append(i.calls, *call)
	return nil
}

func TestRoute_described(t *testing.T) {
	file, err := credentials.NewClientTLSFromFile("ca.pem", "file.example")
	if err != nil {
		t.Fatal(err)
	}
	dialer := func(context.Context, string) (net.Conn, error) { return nil, nil }
	for name, tt := range map[string]struct {
		dial   func(string, ...DialOption) (*ClientConn, error)
		target string
		opts   []DialOption
		want   string
	}{
		"insecure": {NewClient, "host:1", []DialOption{WithTransportCredentials(insecure.NewCredentials())}, "target=host:1 canonical=dns:///host:1 security=insecure"},
		"Dial":     {Dial, "host:1", []DialOption{WithInsecure()}, "target=host:1 canonical=passthrough:///host:1 security=insecure"},
		"unix":     {NewClient, "unix:/a/b", []DialOption{WithInsecure()}, "target=unix:/a/b canonical=unix:///a/b security=insecure"},
		"options": {NewClient, "host:1", []DialOption{WithInsecure(), WithAuthority("auth"), WithUserAgent("me/1"), WithDefaultServiceConfig("{}"), WithContextDialer(dialer)},
			"target=host:1 canonical=dns:///host:1 security=insecure authority=auth user-agent=me/1 service-config={} dialer=true"},
		"TLS":    {NewClient, "host:1", []DialOption{WithTransportCredentials(credentials.NewTLS(nil))}, "target=host:1 canonical=dns:///host:1 security=tls"},
		"file":   {NewClient, "host:1", []DialOption{WithTransportCredentials(file)}, "target=host:1 canonical=dns:///host:1 security=tls server-name=file.example ca-file=ca.pem"},
		"config": {NewClient, "host:1", []DialOption{WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}))}, "target=host:1 canonical=dns:///host:1 security=tls skip-verify=true min-version=772"},
		"client certificate": {NewClient, "host:1", []DialOption{WithTransportCredentials(credentials.NewTLS(&tls.Config{Certificates: make([]tls.Certificate, 1)}))},
			"target=host:1 canonical=dns:///host:1 security=tls problem=its credentials have a client certificate, which the host cannot use"},
	} {
		t.Run(name, func(t *testing.T) {
			told := useRoute(t, 7)
			findImport = func(string) importedMethod { return &seenImport{} }
			cc, err := tt.dial(tt.target, tt.opts...)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if err := cc.Invoke(t.Context(), fullName, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			if len(*told) != 1 {
				t.Fatalf("told %d times", len(*told))
			}
			var got []string
			for _, p := range (*told)[0] {
				got = append(got, p.Key+"="+p.Value)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoute_calls(t *testing.T) {
	interceptor := func(ctx context.Context, method string, req, reply any, cc *ClientConn, invoker UnaryInvoker, opts ...CallOption) error {
		return invoker(ctx, method, req, reply, cc, opts...)
	}
	for name, dial := range map[string][]DialOption{"plain": nil, "with an interceptor": {WithUnaryInterceptor(interceptor)}} {
		for _, tt := range []struct {
			conn, call []CallOption
			want       guest.CallOptions
		}{
			{nil, nil, nil},
			{nil, []CallOption{StaticMethod(), WaitForReady(true)}, guest.CallOptions{{Key: "wait-for-ready", Value: "true"}}},
			{[]CallOption{WaitForReady(true)}, nil, guest.CallOptions{{Key: "wait-for-ready", Value: "true"}}},
			{[]CallOption{WaitForReady(true)}, []CallOption{WaitForReady(false), CallAuthority("a")},
				guest.CallOptions{{Key: "wait-for-ready", Value: "true"}, {Key: "wait-for-ready", Value: "false"}, {Key: "authority", Value: "a"}}},
			{[]CallOption{WaitForReady(true)}, []CallOption{OnFinish(func(error) {})}, guest.CallOptions{{Key: "wait-for-ready", Value: "true"}}},
			{nil, []CallOption{UseCompressor("identity")}, guest.CallOptions{{Key: "compressor", Value: "identity"}}},
		} {
			t.Run(name, func(t *testing.T) {
				useRoute(t, 7)
				imp := &seenImport{}
				findImport = func(string) importedMethod { return imp }
				cc, err := NewClient("host:1", append(slices.Clone(dial), WithInsecure(), WithDefaultCallOptions(tt.conn...))...)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if err := cc.Invoke(t.Context(), fullName, nil, nil, tt.call...); err != nil {
						t.Fatal(err)
					}
				}
				for _, call := range imp.calls {
					// An interceptor is given the options of the connection, which then come twice and mean the same.
					got := slices.CompactFunc(call.Options, func(a, b guest.Pair) bool { return a == b })
					if diff := cmp.Diff(tt.want, got); call.Route != 7 || len(tt.want) > 0 && len(tt.conn) == 0 && diff != "" {
						t.Errorf("route %d, options (-want +got):\n%s", call.Route, diff)
					}
					if len(tt.want) > 0 && got[len(got)-1] != tt.want[len(tt.want)-1] {
						t.Errorf("got %v, want %v", got, tt.want)
					}
				}
			})
		}
	}
}

func TestRoute_streams(t *testing.T) {
	useRoute(t, 7)
	var calls []guest.ClientCall
	findStreamImport = func(string) opener {
		return func(_ context.Context, call *guest.ClientCall) transport {
			calls = append(calls, *call)
			return newUnaryTransport(&seenImport{}, call)
		}
	}
	cc, err := NewClient("host:1", WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := cc.NewStream(ctx, &StreamDesc{ClientStreams: true, ServerStreams: true}, fullName, WaitForReady(true)); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 1 || calls[0].Route != 7 || len(calls[0].Options) != 1 {
		t.Errorf("got %+v", calls)
	}
}

// A connection has the number of a route once, until it is closed.
func TestRoute_givenBack(t *testing.T) {
	useRoute(t, 7)
	var given []uint32
	old := giveRoute
	t.Cleanup(func() { giveRoute = old })
	giveRoute = func(n uint32) { given = append(given, n) }
	findImport = func(string) importedMethod { return &seenImport{} }
	cc, err := NewClient("host:1", WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := cc.Invoke(t.Context(), fullName, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(given) != 0 {
		t.Errorf("%v given back while the connection is open", given)
	}
	for range 2 {
		_ = cc.Close() // the second is an error
	}
	if !slices.Equal(given, []uint32{7}) {
		t.Errorf("%v given back", given)
	}
	// A call that was on its way when the connection was closed.
	if n := cc.number(serviceOf(fullName)); n != 7 || !slices.Equal(given, []uint32{7, 7}) {
		t.Errorf("number %d, %v given back", n, given)
	}
}
