package host

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/host/internal/netpolicy"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/internal/netrules"
)

// openPolicies makes the policy of each function, of what it states itself and what the operator says.
func (h *Host) openPolicies() error {
	h.policies = map[string]*netpolicy.Policy{}
	var errs []error
	for _, option := range []struct {
		what       string
		byFunction map[string][]string
	}{{"allow-lists", h.opts.Allow}, {"mappings of listeners", h.opts.Listen}} {
		for _, name := range slices.Sorted(maps.Keys(option.byFunction)) {
			if name != everyFunction && !slices.Contains(functionNames(h.app), name) {
				errs = append(errs, errors.New(option.what+": "+unknownFunctionName(name, h.app)))
			}
		}
	}
	for i := range h.app.Functions {
		spec := &h.app.Functions[i]
		allow, err := effective(spec.Allow, slices.Concat(h.opts.Allow[everyFunction], h.opts.Allow[spec.Name]), netrules.Parse)
		if err != nil {
			errs = append(errs, fmt.Errorf("function %s: what it may connect to: %w", spec.Name, err))
		}
		listen, err := effective(spec.Listen, slices.Concat(h.opts.Listen[everyFunction], h.opts.Listen[spec.Name]), netrules.ParseMappings)
		if err == nil {
			err = resolve(listen)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("function %s: where it is served: %w", spec.Name, err))
		}
		h.policies[spec.Name] = netpolicy.New(netpolicy.Config{Function: spec.Name, Allow: allow, Listen: listen, Audit: h.opts.NetAudit, Log: h.log})
	}
	return errors.Join(errs...)
}

// effective parses the rules of a function and of the operator, and returns those that count.
func effective[R netrules.Rule](own, operator []string, parse func(string) ([]R, error)) ([]R, error) {
	all := func(texts []string) (list []R, err error) {
		for _, text := range texts {
			rules, e := parse(text)
			list, err = append(list, rules...), errors.Join(err, e)
		}
		return list, err
	}
	ownRules, err := all(own)
	operatorRules, err2 := all(operator)
	return netrules.Effective(ownRules, operatorRules), errors.Join(err, err2)
}

// resolve looks up the names in addresses of the host, as localhost:19090.
func resolve(list []netrules.Mapping) error {
	var errs []error
	for i := range list {
		m := &list[i]
		if m.HostNetwork == "unix" || strings.HasPrefix(m.HostAddress, ":") {
			continue
		}
		if _, err := netip.ParseAddrPort(m.HostAddress); err == nil {
			continue
		}
		addr, err := net.ResolveTCPAddr("tcp", m.HostAddress) // for UDP it is the same
		if err != nil {
			errs = append(errs, err)
			continue
		}
		m.HostAddress = addr.String()
	}
	return errors.Join(errs...)
}

// networkOf returns the policy of a function for its sockets.
func (h *Host) networkOf(function string) sockets.Policy {
	return socketPolicy{h.policies[function]}
}

// socketPolicy is a policy as package sockets asks it.
type socketPolicy struct{ *netpolicy.Policy }

func (p socketPolicy) Listen(network, address string) (hostNetwork, hostAddress string, err error) {
	hostNetwork, hostAddress, ok := p.Mapping(network, address)
	if !ok {
		return "", "", sockets.ErrPrivate
	}
	return hostNetwork, hostAddress, nil
}
