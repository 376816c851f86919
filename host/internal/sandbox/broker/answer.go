package broker

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	// timeToLive is how long answers may be kept, in seconds: the policy has to hear of who asks again.
	timeToLive = 1
	// lookupTime bounds a look-up. Those who ask have given up by then.
	lookupTime = 20 * time.Second
	// smallest and largest are the sizes of datagrams that every client takes, and that get through.
	smallest = 512
	largest  = 1232
)

// answer answers a message of the DNS, or returns nil if it is none.
func (n *Network) answer(message []byte, stream bool) []byte {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || header.Response {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	room, extended := smallest, false
	if p.SkipAllQuestions() == nil && p.SkipAllAnswers() == nil && p.SkipAllAuthorities() == nil {
		for {
			h, err := p.AdditionalHeader()
			if err != nil {
				break
			}
			if h.Type == dnsmessage.TypeOPT {
				room, extended = min(max(smallest, int(h.Class)), largest), true
			}
			if p.SkipAdditional() != nil {
				break
			}
		}
	}
	reply := dnsmessage.Header{ID: header.ID, Response: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true}
	var records []record
	if header.OpCode != 0 || q.Class != dnsmessage.ClassINET {
		reply.RCode = dnsmessage.RCodeNotImplemented
	} else {
		ctx, cancel := context.WithTimeout(n.ctx, lookupTime)
		records, reply.RCode = n.lookup(ctx, q)
		cancel()
	}
	out, err := pack(reply, q, records, extended)
	if err != nil {
		reply.RCode = dnsmessage.RCodeServerFailure
		out, err = pack(reply, q, nil, extended)
	}
	if err == nil && !stream && len(out) > room {
		reply.Truncated = true
		out, err = pack(reply, q, nil, extended)
	}
	if err != nil {
		return nil
	}
	return out
}

// record is one of an answer. Its name is that of the question unless it says another one.
type record struct {
	name string
	body dnsmessage.ResourceBody
}

func pack(header dnsmessage.Header, q dnsmessage.Question, records []record, extended bool) ([]byte, error) {
	m := dnsmessage.Message{Header: header, Questions: []dnsmessage.Question{q}}
	for _, r := range records {
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: timeToLive}
		if r.name != "" {
			name, err := dnsmessage.NewName(r.name)
			if err != nil {
				return nil, err
			}
			h.Name = name
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: r.body})
	}
	if extended {
		var h dnsmessage.ResourceHeader
		if err := h.SetEDNS0(largest, dnsmessage.RCodeSuccess, false); err != nil {
			return nil, err
		}
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	}
	return m.Pack()
}

// quiet is a policy that can be asked whether it would refuse, without it saying so in the log.
type quiet interface{ MayLookup(name string) bool }

// permitted returns the name by which the policy allows a question, if it does. Processes complete names by the domains of resolv.conf
// themselves; what they have been given, and what the operator allows, is the name without.
func (n *Network) permitted(name string) (string, error) {
	p := n.cfg.Policy
	short := name
	for _, domain := range readResolvers().search {
		if rest, ok := strings.CutSuffix(strings.ToLower(name), "."+domain); ok {
			short = name[:len(rest)]
			break
		}
	}
	if q, ok := p.(quiet); ok && short != name && !q.MayLookup(short) && q.MayLookup(name) {
		short = name
	}
	return short, p.Lookup(short)
}

// lookup has the host's resolver answer a question, if the policy allows it.
func (n *Network) lookup(ctx context.Context, q dnsmessage.Question) ([]record, dnsmessage.RCode) {
	full := q.Name.String() // with its dot: it is not to be completed
	name := strings.TrimSuffix(full, ".")
	if q.Type == dnsmessage.TypePTR {
		if addr, ok := reverseAddr(name); ok {
			return n.reverse(ctx, addr)
		}
	}
	as, err := n.permitted(name)
	if err != nil {
		return nil, dnsmessage.RCodeRefused
	}
	records, err := n.ask(ctx, q.Type, full, as)
	return records, codeOf(err)
}

// codeOf is what servers say of an error.
func codeOf(err error) dnsmessage.RCode {
	var dns *net.DNSError
	switch {
	case err == nil:
		return dnsmessage.RCodeSuccess
	case errors.As(err, &dns) && dns.IsNotFound:
		return dnsmessage.RCodeNameError
	}
	return dnsmessage.RCodeServerFailure
}

// ask asks the host's resolver. Addresses are told to the policy, under the name by which it has allowed the question.
func (n *Network) ask(ctx context.Context, kind dnsmessage.Type, name, as string) (records []record, err error) {
	r := n.cfg.Resolver
	switch kind {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA:
		return n.askAddresses(ctx, kind, name, as)
	case dnsmessage.TypeCNAME:
		cname, err := r.LookupCNAME(ctx, name)
		if err != nil {
			return nil, err
		}
		return aliasRecord(name, cname)
	case dnsmessage.TypeSRV:
		_, srvs, err := r.LookupSRV(ctx, "", "", name)
		for _, s := range srvs {
			target, e := dnsmessage.NewName(s.Target)
			err = errors.Join(err, e)
			records = append(records, record{body: &dnsmessage.SRVResource{Priority: s.Priority, Weight: s.Weight, Port: s.Port, Target: target}})
		}
		return records, err
	case dnsmessage.TypeMX:
		mxs, err := r.LookupMX(ctx, name)
		for _, mx := range mxs {
			host, e := dnsmessage.NewName(mx.Host)
			err = errors.Join(err, e)
			records = append(records, record{body: &dnsmessage.MXResource{Pref: mx.Pref, MX: host}})
		}
		return records, err
	case dnsmessage.TypeNS:
		nss, err := r.LookupNS(ctx, name)
		for _, ns := range nss {
			host, e := dnsmessage.NewName(ns.Host)
			err = errors.Join(err, e)
			records = append(records, record{body: &dnsmessage.NSResource{NS: host}})
		}
		return records, err
	case dnsmessage.TypeTXT:
		texts, err := r.LookupTXT(ctx, name)
		for _, text := range texts {
			records = append(records, record{body: &dnsmessage.TXTResource{TXT: parts(text)}})
		}
		return records, err
	}
	return nil, nil // a name without such records
}

// parts are the strings of which a text consists: each has 255 bytes at most.
func parts(text string) (list []string) {
	for len(text) > 255 {
		list, text = append(list, text[:255]), text[255:]
	}
	return append(list, text)
}

// askAddresses looks up addresses of one family, and by which other name the name is known.
func (n *Network) askAddresses(ctx context.Context, kind dnsmessage.Type, name, as string) (records []record, err error) {
	type alias struct{ name string }
	canonical := make(chan alias, 1)
	go func() {
		cname, err := n.cfg.Resolver.LookupCNAME(ctx, name)
		if err != nil {
			cname = ""
		}
		canonical <- alias{cname}
	}()
	addrs, err := n.cfg.Resolver.LookupNetIP(ctx, "ip", name)
	owner := (<-canonical).name
	if err != nil {
		return nil, err
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	n.cfg.Policy.Answered(as, addrs)
	if strings.EqualFold(owner, name) {
		owner = ""
	}
	if owner != "" {
		if records, err = aliasRecord(name, owner); err != nil {
			return nil, err
		}
	}
	for _, addr := range addrs {
		switch {
		case kind == dnsmessage.TypeA && addr.Is4():
			records = append(records, record{owner, &dnsmessage.AResource{A: addr.As4()}})
		case kind == dnsmessage.TypeAAAA && addr.Is6():
			records = append(records, record{owner, &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return records, nil
}

// aliasRecord says that a name is another one, if it is.
func aliasRecord(name, cname string) ([]record, error) {
	if strings.EqualFold(name, cname) {
		return nil, nil
	}
	target, err := dnsmessage.NewName(cname)
	return []record{{body: &dnsmessage.CNAMEResource{CNAME: target}}}, err
}

// reverse looks up the names of an address.
func (n *Network) reverse(ctx context.Context, addr netip.Addr) (records []record, code dnsmessage.RCode) {
	if err := n.cfg.Policy.Lookup(addr.String()); err != nil {
		return nil, dnsmessage.RCodeRefused
	}
	hosts, err := n.cfg.Resolver.LookupAddr(ctx, addr.String())
	for _, host := range hosts {
		name, e := dnsmessage.NewName(host)
		err = errors.Join(err, e)
		records = append(records, record{body: &dnsmessage.PTRResource{PTR: name}})
	}
	return records, codeOf(err)
}

// reverseAddr is the address for whose names a name stands.
func reverseAddr(name string) (netip.Addr, bool) {
	name = strings.ToLower(name)
	if rest, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		labels := strings.Split(rest, ".")
		if len(labels) != 4 {
			return netip.Addr{}, false
		}
		addr, err := netip.ParseAddr(labels[3] + "." + labels[2] + "." + labels[1] + "." + labels[0])
		return addr, err == nil
	}
	rest, ok := strings.CutSuffix(name, ".ip6.arpa")
	labels := strings.Split(rest, ".")
	if !ok || len(labels) != 32 {
		return netip.Addr{}, false
	}
	var b [16]byte
	for i, label := range labels {
		digit, err := strconv.ParseUint(label, 16, 4)
		if err != nil || len(label) != 1 {
			return netip.Addr{}, false
		}
		at := 31 - i
		b[at/2] |= byte(digit) << (4 * (1 - at%2))
	}
	return netip.AddrFrom16(b), true
}
