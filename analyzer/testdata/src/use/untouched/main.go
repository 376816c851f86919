// Command untouched serves gRPC, and does much else that is none of ours.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"database/sql"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/rpc"
	"net/smtp"
	"net/textproto"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type greeterClient struct{ base *url.URL } // ok

func NewGreeterClient(base *url.URL) *greeterClient { return &greeterClient{base} } // ok

func RegisterGreeterServer(mux *http.ServeMux, h http.Handler) { mux.Handle("/x.Greeter/", h) } // ok

type serviceDesc struct{ ServiceName string } // ok

var Greeter_ServiceDesc = serviceDesc{ServiceName: "x.Greeter"} // ok

type server struct{} // ok

func (*server) Serve(lis net.Listener) error                { return lis.Close() } // ok
func (*server) RegisterService(d *serviceDesc, impl any)    {}                     // ok
func (*server) Invoke(ctx context.Context, m string, a any) {}                     // ok

func main() {
	s := grpc.NewServer() // want `server`
	defer s.Stop()        // ok

	// HTTP.
	go http.ListenAndServe(":8080", nil)                    // ok
	go http.ListenAndServeTLS(":8443", "c", "k", nil)       // ok
	srv := &http.Server{Addr: os.Getenv("HTTP_ADDR")}       // ok
	go srv.ListenAndServe()                                 // ok
	test := httptest.NewServer(http.NotFoundHandler())      // ok
	defer test.Close()                                      // ok
	RegisterGreeterServer(http.DefaultServeMux, nil)        // ok
	NewGreeterClient(&url.URL{Host: "greeter:8080"})        // ok
	http.Get("http://greeter:8080/x.Greeter/SayHello")      // ok
	http.DefaultTransport.(*http.Transport).DialContext = d // ok

	// Databases, mail, other RPC, sockets.
	db, _ := sql.Open("postgres", os.Getenv("DATABASE_URL"))   // ok
	db.PingContext(context.Background())                       // ok
	rpc.Dial("tcp", "rpc:1234")                                // ok
	rpc.Register(new(server))                                  // ok
	smtp.SendMail("mail:25", nil, "a", nil, nil)               // ok
	textproto.Dial("tcp", "nntp:119")                          // ok
	net.ListenPacket("udp", ":53")                             // ok
	net.ListenUDP("udp", nil)                                  // ok
	net.ResolveTCPAddr("tcp", "greeter:50051")                 // ok
	net.LookupHost("greeter")                                  // ok
	net.Pipe()                                                 // ok
	netip.MustParseAddrPort("127.0.0.1:50051")                 // ok
	(&net.Dialer{}).Dial("tcp", "redis:6379")                  // want `outbound net.Dialer.Dial to redis:6379 kept: `
	tls.Client(nil, nil)                                       // ok
	l, _ := net.Listen("tcp", ":9000")                         // want `listen :9000 kept: used by rpc.Server.Accept`
	rpc.DefaultServer.Accept(l)                                // ok
	own := new(server)                                         // ok
	m, _ := net.Listen("tcp", ":9001")                         // want `listen :9001 kept: used by its method Close|listen :9001 kept: nothing is served on it`
	own.Serve(m)                                               // ok
	own.RegisterService(&Greeter_ServiceDesc, nil)             // ok
	own.Invoke(context.Background(), "/x.Greeter/SayHello", 1) // ok

	// Values of gRPC that are no transport.
	err := status.Error(codes.NotFound, "x")                  // ok
	log.Print(status.Code(err))                               // ok
	md := metadata.MD{}                                       // ok
	log.Print(md)                                             // ok
	target := os.Getenv("UNUSED_TARGET")                      // ok
	bufio.NewReader(io.LimitReader(os.Stdin, 1)).ReadByte()   // ok
	time.AfterFunc(time.Second, func() { log.Print(target) }) // ok
}

func d(ctx context.Context, network, addr string) (net.Conn, error) {
	return net.DialTimeout(network, addr, time.Second) // want `outbound net.DialTimeout to .* kept: no dialer of gRPC calls it`
}
