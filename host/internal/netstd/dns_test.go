package main

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// records are what the test's DNS server knows, by name and type.
var records = map[string]map[dnsmessage.Type][]dnsmessage.ResourceBody{
	"two.test.": {
		dnsmessage.TypeA:    {&dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}},
		dnsmessage.TypeAAAA: {&dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 0xd, 0xb8, 15: 1}}},
		dnsmessage.TypeMX: {
			&dnsmessage.MXResource{Pref: 20, MX: dnsmessage.MustNewName("later.test.")},
			&dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName("first.test.")},
		},
		dnsmessage.TypeNS: {
			&dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns1.test.")}, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns2.test.")},
		},
		dnsmessage.TypeTXT: {&dnsmessage.TXTResource{TXT: []string{"one", "two"}}, &dnsmessage.TXTResource{TXT: []string{"", "ü\x00"}}},
	},
	"_http._tcp.two.test.": {
		dnsmessage.TypeSRV: {
			&dnsmessage.SRVResource{Priority: 2, Weight: 0, Port: 81, Target: dnsmessage.MustNewName("b.test.")},
			&dnsmessage.SRVResource{Priority: 1, Weight: 5, Port: 80, Target: dnsmessage.MustNewName("a.test.")},
		},
	},
	"1.2.0.192.in-addr.arpa.": {
		dnsmessage.TypePTR: {&dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("two.test.")}},
	},
	"alias.test.": {
		dnsmessage.TypeCNAME: {&dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("two.test.")}},
	},
}

// serveDNS answers over UDP and returns the address. There is a name that it never answers for, and one for which it says that it fails.
func serveDNS(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answer(buf[:n]); reply != nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func answer(query []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	name := strings.ToLower(q.Name.String())
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: m.Questions,
	}
	add := func(name dnsmessage.Name, t dnsmessage.Type) {
		for _, body := range records[strings.ToLower(name.String())][t] {
			reply.Answers = append(reply.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: name, Type: t, Class: dnsmessage.ClassINET, TTL: 60}, Body: body,
			})
		}
	}
	switch {
	case strings.Contains(name, "silent.test."):
		return nil
	case strings.Contains(name, "failing.test."):
		reply.RCode = dnsmessage.RCodeServerFailure
	case records[name] == nil:
		reply.RCode = dnsmessage.RCodeNameError
	default:
		add(q.Name, q.Type)
		if alias := records[name][dnsmessage.TypeCNAME]; alias != nil && q.Type != dnsmessage.TypeCNAME {
			add(q.Name, dnsmessage.TypeCNAME)
			add(alias[0].(*dnsmessage.CNAMEResource).CNAME, q.Type)
		}
	}
	packed, err := reply.Pack()
	if err != nil {
		return nil
	}
	return packed
}
