// Command network uses packages net and crypto/tls, and others of the standard library that connect.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"log/syslog"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
)

var (
	addr = flag.String("addr", "cache:6379", "")
	port = flag.Int("port", 7000, "")
)

func main() {
	ctx := context.Background()
	net.Dial("tcp", "redis:6379")                                   // want `need tcp redis:6379 net.Dial`
	net.Dial("udp", "10.0.0.2:53")                                  // want `need udp 10.0.0.2:53 net.Dial`
	net.Dial("unix", "/run/app.sock")                               // want `need unix /run/app.sock net.Dial`
	net.Dial("tcp", *addr)                                          // want `need tcp cache:6379 \(default of flag addr\) net.Dial`
	net.Dial("tcp", os.Getenv("PEER"))                              // want `need tcp environment variable PEER net.Dial` `need environment variable PEER os.Getenv`
	net.DialTimeout("tcp", "memcached:11211", time.Second)          // want `need tcp memcached:11211 net.DialTimeout`
	net.Dial("tcp", net.JoinHostPort(os.Getenv("DB_HOST"), "5432")) // want `need tcp environment variable DB_HOST net.Dial` `need environment variable DB_HOST os.Getenv`
	net.Dial("tcp", "peer:"+strconv.Itoa(*port))                    // want `need tcp peer:7000 \(default of flag port\) net.Dial`
	net.Dial("tcp", computed())                                     // want `need tcp the result of a call net.Dial`
	var d net.Dialer
	d.Dial("tcp4", "a:1")                 // want `need tcp4 a:1 net.Dialer.Dial`
	d.DialContext(ctx, "tcp", "[::1]:80") // want `need tcp \[::1\]:80 net.Dialer.DialContext`

	to, _ := net.ResolveTCPAddr("tcp", "b:2")
	net.DialTCP("tcp", nil, to)                                                     // want `need tcp b:2 net.DialTCP`
	net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP("10.1.2.3"), Port: 8125})  // want `need udp 10.1.2.3:8125 net.DialUDP`
	net.DialUnix("unixgram", nil, &net.UnixAddr{Name: "/dev/log", Net: "unixgram"}) // want `need unixgram /dev/log net.DialUnix`
	net.DialIP("ip4:icmp", nil, nil)                                                // ok

	net.LookupHost("api.example.com")                             // want `need look-up of api.example.com net.LookupHost`
	net.LookupIP("api.example.com")                               // want `need look-up of api.example.com net.LookupIP`
	net.LookupAddr("10.0.0.1")                                    // want `need look-up of 10.0.0.1 net.LookupAddr`
	net.LookupCNAME("c.example.com")                              // want `need look-up of c.example.com net.LookupCNAME`
	net.LookupMX("example.com")                                   // want `need look-up of example.com net.LookupMX`
	net.LookupNS("example.com")                                   // want `need look-up of example.com net.LookupNS`
	net.LookupTXT("example.com")                                  // want `need look-up of example.com net.LookupTXT`
	net.LookupSRV("grpc", "tcp", "example.com")                   // want `need look-up of example.com net.LookupSRV .*SRV`
	net.DefaultResolver.LookupHost(ctx, "r.example.com")          // want `need look-up of r.example.com net.Resolver.LookupHost`
	net.DefaultResolver.LookupIPAddr(ctx, "r.example.com")        // want `need look-up of r.example.com net.Resolver.LookupIPAddr`
	net.DefaultResolver.LookupIP(ctx, "ip4", "r.example.com")     // want `need look-up of r.example.com net.Resolver.LookupIP`
	net.DefaultResolver.LookupNetIP(ctx, "ip", *addr)             // want `need look-up of cache:6379 \(default of flag addr\) net.Resolver.LookupNetIP`
	net.DefaultResolver.LookupAddr(ctx, "10.0.0.1")               // want `need look-up of 10.0.0.1 net.Resolver.LookupAddr`
	net.DefaultResolver.LookupCNAME(ctx, "c.example.com")         // want `need look-up of c.example.com net.Resolver.LookupCNAME`
	net.DefaultResolver.LookupMX(ctx, "example.com")              // want `need look-up of example.com net.Resolver.LookupMX`
	net.DefaultResolver.LookupNS(ctx, "example.com")              // want `need look-up of example.com net.Resolver.LookupNS`
	net.DefaultResolver.LookupTXT(ctx, "example.com")             // want `need look-up of example.com net.Resolver.LookupTXT`
	net.DefaultResolver.LookupSRV(ctx, "a", "tcp", "example.com") // want `need look-up of example.com net.Resolver.LookupSRV`

	tls.Dial("tcp", "smtp:465", nil)            // want `need tcp smtp:465 tls.Dial`
	tls.DialWithDialer(&d, "tcp", "t:443", nil) // want `need tcp t:443 tls.DialWithDialer`
	var td tls.Dialer
	td.Dial("tcp", "t:444")             // want `need tcp t:444 tls.Dialer.Dial`
	td.DialContext(ctx, "tcp", "t:445") // want `need tcp t:445 tls.Dialer.DialContext`

	rpc.Dial("tcp", "rpc:1")                            // want `need tcp rpc:1 rpc.Dial`
	rpc.DialHTTP("tcp", "rpc:2")                        // want `need tcp rpc:2 rpc.DialHTTP`
	rpc.DialHTTPPath("tcp", "rpc:3", "/x")              // want `need tcp rpc:3 rpc.DialHTTPPath`
	jsonrpc.Dial("tcp", "rpc:4")                        // want `need tcp rpc:4 jsonrpc.Dial`
	smtp.Dial("mail:25")                                // want `need tcp mail:25 smtp.Dial`
	smtp.SendMail("mail:587", nil, "a@b.c", nil, nil)   // want `need tcp mail:587 smtp.SendMail`
	textproto.Dial("tcp", "text:1")                     // want `need tcp text:1 textproto.Dial`
	syslog.Dial("udp", "log:514", syslog.LOG_INFO, "x") // want `need udp log:514 syslog.Dial`

	// The host dials in the place of these.
	grpc.NewClient("peer:1", grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
		return net.Dial("unix", addr) // ok
	}))
	grpc.NewClient("peer:2") // ok
	// These are no functions of package net.
	fake{}.Dial("tcp", "y:1")         // ok
	fake{}.LookupHost("no.such.host") // ok
	net.JoinHostPort("x", "1")        // ok
	net.ParseIP("10.0.0.1")           // ok
	net.Pipe()                        // ok
	if c, ok := any(nil).(net.Conn); ok {
		c.RemoteAddr() // ok
	}
}

var computed func() string

type fake struct{}

func (fake) Dial(network, address string) {}
func (fake) LookupHost(name string)       {}
