package grpc

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/cofaas/cofaas/stubs/grpc/internal"
	"github.com/cofaas/cofaas/stubs/grpc/resolver"
)

// parsedTarget is a dial target, with the builder of its scheme.
type parsedTarget struct {
	resolver.Target
	builder resolver.Builder
}

// parseTarget is [dialOptions.parseTarget] without resolvers of the connection's own.
func parseTarget(target, defaultScheme string) (parsedTarget, error) {
	return new(dialOptions).parseTarget(target, defaultScheme)
}

// parseTarget parses a target. One without a scheme that there is a resolver for gets the default.
func (o *dialOptions) parseTarget(target, defaultScheme string) (parsedTarget, error) {
	if u, err := url.Parse(target); err == nil {
		if b := o.resolver(u.Scheme); b != nil {
			return parsedTarget{resolver.Target{URL: *u}, b}, nil
		}
	}
	if internal.UserSetDefaultScheme {
		defaultScheme = resolver.GetDefaultScheme()
	}
	u, err := url.Parse(defaultScheme + ":///" + target)
	if err != nil {
		return parsedTarget{}, err
	}
	b := o.resolver(u.Scheme)
	if b == nil {
		return parsedTarget{}, fmt.Errorf("could not get resolver for default scheme: %q", u.Scheme)
	}
	return parsedTarget{resolver.Target{URL: *u}, b}, nil
}

// resolver returns the builder for a scheme, nil if there is none.
func (o *dialOptions) resolver(scheme string) resolver.Builder {
	for _, b := range o.resolvers {
		if b.Scheme() == scheme {
			return b
		}
	}
	return resolver.Get(scheme)
}

// resolvable returns the error that resolving the target would fail with at once.
func (t parsedTarget) resolvable() error {
	if t.Endpoint() == "" && t.URL.Scheme == "passthrough" {
		return errors.New("passthrough: received empty target in Build()")
	}
	if t.Endpoint() == "" && t.URL.Scheme == "dns" {
		return errors.New("dns resolver: missing address")
	}
	return nil
}

// authorityFor returns the authority of calls: as the options or the resolver say, else the endpoint.
func (o *dialOptions) authorityFor(t parsedTarget) (string, error) {
	fromCreds := ""
	if o.creds != nil {
		fromCreds = o.creds.Info().ServerName
	}
	if fromCreds != "" && o.authority != "" && fromCreds != o.authority {
		return "", fmt.Errorf("ClientConn's authority from transport creds %q and dial option %q don't match", fromCreds, o.authority)
	}
	overrider, overrides := t.builder.(resolver.AuthorityOverrider)
	switch {
	case o.authority != "":
		return o.authority, nil
	case fromCreds != "":
		return fromCreds, nil
	case overrides:
		return overrider.OverrideAuthority(t.Target), nil
	case strings.HasPrefix(t.Endpoint(), ":"):
		return "localhost" + escapeAuthority(t.Endpoint()), nil
	}
	return escapeAuthority(t.Endpoint()), nil
}

// escapeAuthority escapes what RFC 3986, section 3.2, does not allow in an authority.
func escapeAuthority(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~!$&'()*+,;=:[]@", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
