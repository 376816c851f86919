package grpc

import (
	"context"
	"fmt"
	"strconv"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
	"github.com/cofaas/cofaas/stubs/grpc/internal/security"
)

// Most services are exported by one function of the app, and it makes no difference what was dialled. For others the host decides by
// the connection, which it numbers, who answers: one of several functions, or somebody else over the network.

// number returns that of the host's route to a service, or 0 if there need be none. The connection has it until it is closed.
func (cc *ClientConn) number(service string) uint32 {
	cc.mu.Lock()
	n := cc.numbers[service]
	cc.mu.Unlock()
	if n != 0 {
		return n
	}
	if n = findRoute(service, cc.describe); n == 0 {
		return 0
	}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	// Meanwhile, another call may have asked, or Close may have given all numbers back.
	if cc.numbers[service] != 0 || cc.GetState() == connectivity.Shutdown {
		giveRoute(n)
		return n
	}
	if cc.numbers == nil {
		cc.numbers = map[string]uint32{}
	}
	cc.numbers[service] = n
	return n
}

// giveNumbers gives all numbers back. Calls that have one fail from then on, as on a connection that is closed. The caller holds mu.
func (cc *ClientConn) giveNumbers() {
	for _, n := range cc.numbers {
		giveRoute(n)
	}
	cc.numbers = nil
}

// describe tells the host of the connection.
func (cc *ClientConn) describe() guest.Routing {
	info := cc.transport.Info()
	r := guest.Routing{{Key: "target", Value: cc.target}, {Key: "canonical", Value: cc.parsed.String()}, {Key: "security", Value: info.SecurityProtocol}}
	add := func(key, value string) {
		if value != "" {
			r = append(r, guest.Pair{Key: key, Value: value})
		}
	}
	flag := func(key string, set bool) {
		if set {
			add(key, "true")
		}
	}
	add("authority", cc.opts.authority)
	add("user-agent", cc.opts.userAgent)
	add("service-config", cc.opts.config)
	flag("dialer", cc.opts.ownDialer)
	if creds, ok := cc.transport.(security.Describer); ok {
		t := creds.CofaasTLS()
		add("server-name", t.ServerName)
		add("ca", t.CA)
		add("ca-file", t.CAFile)
		flag("skip-verify", t.SkipVerify)
		if t.MinVersion != 0 {
			add("min-version", strconv.Itoa(int(t.MinVersion)))
		}
		add("problem", t.Problem)
	} else {
		add("server-name", info.ServerName)
	}
	return r
}

// remoteOptions are base with the options of a call that matter when it leaves the host, nil if there are none. The last of a kind
// counts, for the host.
func remoteOptions(base guest.CallOptions, opts []CallOption) guest.CallOptions {
	out := base[:len(base):len(base)]
	set := func(key, value string) { out = append(out, guest.Pair{Key: key, Value: value}) }
	for _, o := range opts {
		switch o := o.(type) {
		case FailFastCallOption:
			set("wait-for-ready", strconv.FormatBool(!o.FailFast))
		case CompressorCallOption:
			set("compressor", o.CompressorType)
		case AuthorityOverrideCallOption:
			set("authority", o.Authority)
		}
	}
	return out
}

// routedImport is a method whose calls have a route.
type routedImport struct {
	importedMethod
	number uint32
	// options are those of the connection.
	options guest.CallOptions
}

func (i routedImport) Invoke(ctx context.Context, closed <-chan struct{}, call *guest.ClientCall, args, reply any) *guest.Status {
	if call == nil {
		call = new(guest.ClientCall)
	}
	call.Route = i.number
	if call.Options == nil {
		call.Options = i.options
	}
	return i.importedMethod.Invoke(ctx, closed, call, args, reply)
}

// routedOpener returns what opens streams of a method.
func (cc *ClientConn) routedOpener(open opener, method string) opener {
	n := cc.number(serviceOf(method))
	if n == 0 {
		return open
	}
	return func(ctx context.Context, call *guest.ClientCall) transport {
		call.Route = n
		return open(ctx, call)
	}
}

// errNoImport is the outcome of a call to others that nothing was generated for.
func errNoImport(service string) *guest.Status {
	return guestError(codes.Unavailable, fmt.Sprintf(
		"generation has not seen that this function calls service %q, so the host cannot carry its calls: call it by a generated client, and run go generate again", service))
}
