package network

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

const zone = `
$ORIGIN cofaas.test.
$TTL 60
@        IN SOA ns1 admin 1 60 60 60 60
@        IN NS  ns1
@        IN NS  ns2
@        IN MX  10 mail
@        IN MX  20 mail2
@        IN TXT "v=spf1 -all" " and more"
@        IN TXT "second"
two      IN A   127.0.0.1
two      IN A   127.0.0.2
both     IN A   127.0.0.1
both     IN AAAA ::1
first    IN A   127.0.0.1
alias    IN CNAME first
_redis._tcp IN SRV 1 5 6379 first
_redis._tcp IN SRV 2 5 6380 two
9.53.0.127.in-addr.arpa. IN PTR first
`

// nameServer answers from zone: at port 53 of an address of the loopback interface, as resolv.conf has no ports.
type nameServer struct {
	address string
	records []dns.RR
	// black has all questions go unanswered.
	black atomic.Bool
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	needRoot(t, "listens on port 53")
	s := &nameServer{address: "127.0.53.1"}
	parser := dns.NewZoneParser(strings.NewReader(zone), "", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		s.records = append(s.records, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	packets, err := net.ListenPacket("udp", s.address+":53")
	if err != nil {
		t.Fatal(err)
	}
	streams, err := net.Listen("tcp", s.address+":53")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: s}, {Listener: streams, Handler: s}} {
		started, done := make(chan struct{}), make(chan error, 1)
		server.NotifyStartedFunc = func() { close(started) }
		go func() { done <- server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() {
			if err := server.Shutdown(); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	return s
}

// ServeDNS implements dns.Handler.
func (s *nameServer) ServeDNS(w dns.ResponseWriter, req *dns.Msg) {
	if s.black.Load() {
		return
	}
	question := req.Question[0]
	reply := new(dns.Msg)
	reply.SetReply(req)
	reply.Authoritative, reply.RecursionAvailable = true, true
	name := strings.ToLower(question.Name)
	if name == "broken.cofaas.test." {
		reply.Rcode = dns.RcodeServerFailure
	} else {
		known := false
		for again := true; again; {
			again = false
			for _, rr := range s.records {
				if rr.Header().Name != name {
					continue
				}
				known = true
				if rr.Header().Rrtype == question.Qtype {
					reply.Answer = append(reply.Answer, rr)
				} else if alias, ok := rr.(*dns.CNAME); ok {
					reply.Answer = append(reply.Answer, rr)
					name, again = alias.Target, true
				}
			}
		}
		if !known {
			reply.Rcode = dns.RcodeNameError
		}
	}
	w.WriteMsg(reply) // a client that has gone need not know
}

func TestDNS(t *testing.T) {
	server := newNameServer(t)
	echo := echoServer(t)
	_, port, err := net.SplitHostPort(echo)
	if err != nil {
		t.Fatal(err)
	}
	// Addresses of the loopback interface need names in full.
	s := allowWeb("*.cofaas.test:"+port, "cofaas.test:"+port, "alias.cofaas.test:"+port, "both.cofaas.test:"+port, "first.cofaas.test:"+port,
		"127.0.53.9:"+port)
	s.resolver = server.address
	both(t, s, func(t *testing.T, sys *system) {
		got := sys.do("web", "lookup")
		failed := `: no such host" is [] timeout=false `
		sys.want(got,
			"host: [127.0.0.1 127.0.0.2], <nil>",
			"ip: [127.0.0.1 ::1], <nil>", "ip4: [127.0.0.1], <nil>", "ip6: [::1], <nil>",
			"cname: first.cofaas.test., <nil>",
			"srv: _redis._tcp.cofaas.test., <nil>", "  {Target:first.cofaas.test. Port:6379 Priority:1 Weight:5}", "  {Target:two.cofaas.test. Port:6380 Priority:2 Weight:5}",
			"mx: <nil>", "  {Host:mail.cofaas.test. Pref:10}", "  {Host:mail2.cofaas.test. Pref:20}",
			"ns: <nil>", "  {Host:ns1.cofaas.test.}", "  {Host:ns2.cofaas.test.}",
			`txt: ["v=spf1 -all and more" "second"], <nil>`,
			"addr: [first.cofaas.test.], <nil>",
			"port: 443, <nil>",
			`no such host: "lookup none.cofaas.test on 127.0.53.1:53`+failed+"name=none.cofaas.test notfound=true",
			`no such record: "lookup two.cofaas.test on 127.0.53.1:53`+failed+"name=two.cofaas.test notfound=true",
			`server fails: "lookup broken.cofaas.test on 127.0.53.1:53: server misbehaving" is [] timeout=false name=broken.cofaas.test notfound=false`,
		)
		// Names work where they are dialled.
		sys.want(sys.do("web", "echo", "tcp", "alias.cofaas.test:"+port, "1000"), "echo of 1000 bytes: equal: true")
		sys.want(sys.do("web", "dial race", "tcp", "both.cofaas.test:"+port), "dial: to "+echo)
		server.black.Store(true)
		defer server.black.Store(false)
		sys.want(sys.do("web", "lookup slow", "first.cofaas.test"),
			"lookup: true, timeout: true, not found: false", "soon: true")
		sys.want(sys.do("web", "dial", "tcp", "first.cofaas.test:"+port, "200ms", "kind"), "dial: timeout: true")
	})
}
