package grpc

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// parsedTarget is a dial target: scheme://authority/endpoint.
type parsedTarget struct{ url url.URL }

// parseTarget parses a target. One without a scheme that grpc-go can resolve gets the default.
func parseTarget(target, defaultScheme string) (parsedTarget, error) {
	if u, err := url.Parse(target); err == nil {
		switch u.Scheme {
		case "dns", "passthrough", "unix", "unix-abstract":
			return parsedTarget{*u}, nil
		}
	}
	u, err := url.Parse(defaultScheme + ":///" + target)
	if err != nil {
		return parsedTarget{}, err
	}
	return parsedTarget{*u}, nil
}

// endpoint returns what comes after scheme and authority, without the slash.
func (t parsedTarget) endpoint() string {
	if t.url.Path == "" {
		return strings.TrimPrefix(t.url.Opaque, "/")
	}
	return strings.TrimPrefix(t.url.Path, "/")
}

// String returns the target with all its parts.
func (t parsedTarget) String() string {
	return t.url.Scheme + "://" + t.url.Host + "/" + t.endpoint()
}

// resolvable returns the error that resolving the target would fail with at once.
func (t parsedTarget) resolvable() error {
	if t.endpoint() == "" && t.url.Scheme == "passthrough" {
		return errors.New("passthrough: received empty target in Build()")
	}
	if t.endpoint() == "" && t.url.Scheme == "dns" {
		return errors.New("dns resolver: missing address")
	}
	return nil
}

// authorityFor returns the authority of calls: as the options say, else the endpoint.
func (o *dialOptions) authorityFor(t parsedTarget) (string, error) {
	fromCreds := ""
	if o.creds != nil {
		fromCreds = o.creds.Info().ServerName
	}
	if fromCreds != "" && o.authority != "" && fromCreds != o.authority {
		return "", fmt.Errorf("ClientConn's authority from transport creds %q and dial option %q don't match", fromCreds, o.authority)
	}
	switch {
	case o.authority != "":
		return o.authority, nil
	case fromCreds != "":
		return fromCreds, nil
	case strings.HasPrefix(t.url.Scheme, "unix"):
		return "localhost", nil
	case strings.HasPrefix(t.endpoint(), ":"):
		return "localhost" + t.endpoint(), nil
	}
	return t.endpoint(), nil
}
