package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/cofaas/cofaas/test/network/task"
)

// lookup asks for all that there is to know of the names of the test's zone.
func lookup(ctx context.Context, r *task.Report, args []string) error {
	resolver := net.DefaultResolver
	hosts, err := resolver.LookupHost(ctx, "two.cofaas.test")
	slices.Sort(hosts)
	r.Addf("host: %v, %v", hosts, err)
	for _, network := range []string{"ip", "ip4", "ip6"} {
		ips, err := resolver.LookupNetIP(ctx, network, "both.cofaas.test")
		for i := range ips {
			ips[i] = ips[i].Unmap()
		}
		slices.SortFunc(ips, func(a, b netip.Addr) int { return a.Compare(b) })
		r.Addf("%s: %v, %v", network, ips, err)
	}
	name, err := resolver.LookupCNAME(ctx, "alias.cofaas.test")
	r.Addf("cname: %s, %v", name, err)
	name, services, err := resolver.LookupSRV(ctx, "redis", "tcp", "cofaas.test")
	r.Addf("srv: %s, %v", name, err)
	for _, s := range services { // by priority and, of one priority, by chance
		r.Addf("  %+v", *s)
	}
	exchangers, err := resolver.LookupMX(ctx, "cofaas.test")
	r.Addf("mx: %v", err)
	for _, mx := range exchangers {
		r.Addf("  %+v", *mx)
	}
	servers, err := resolver.LookupNS(ctx, "cofaas.test")
	r.Addf("ns: %v", err)
	for _, ns := range servers {
		r.Addf("  %+v", *ns)
	}
	texts, err := resolver.LookupTXT(ctx, "cofaas.test")
	r.Addf("txt: %q, %v", texts, err)
	names, err := resolver.LookupAddr(ctx, "127.0.53.9")
	slices.Sort(names)
	r.Addf("addr: %v, %v", slices.Compact(names), err)
	port, err := resolver.LookupPort(ctx, "tcp", "https")
	r.Addf("port: %d, %v", port, err)
	_, err = resolver.LookupHost(ctx, "none.cofaas.test")
	r.Failure("no such host", err)
	_, err = resolver.LookupTXT(ctx, "two.cofaas.test")
	r.Failure("no such record", err)
	_, err = resolver.LookupHost(ctx, "broken.cofaas.test")
	r.Failure("server fails", err)
	return nil
}

// lookupSlow gives a look-up up that takes long.
func lookupSlow(ctx context.Context, r *task.Report, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := net.DefaultResolver.LookupHost(ctx, args[0])
	// Which question went unanswered, Go's own resolver says, and others do not.
	failure, ok := errors.AsType[*net.DNSError](err)
	r.Addf("lookup: %t, timeout: %t, not found: %t", ok, ok && failure.IsTimeout, ok && failure.IsNotFound)
	r.Addf("soon: %t", time.Since(start) < 20*time.Second)
	return nil
}
