// Command quiet needs nothing.
package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"flag"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"google.golang.org/grpc"
)

func main() {
	ctx := context.Background()

	// gRPC, which the host carries.
	conn, _ := grpc.NewClient("cart:7070", grpc.WithContextDialer(dial)) // ok
	lis, _ := net.Listen("tcp", ":7070")                                 // ok
	log.Printf("at %v", lis.Addr())                                      // ok
	s := grpc.NewServer()                                                // ok
	otlptracegrpc.New(ctx, otlptracegrpc.WithGRPCConn(conn))             // ok
	go s.Serve(lis)                                                      // ok

	// What only looks like it.
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { // ok
		http.Redirect(w, r, "https://elsewhere.example.com/", 302) // ok
		r.URL.Query().Get("http://x/")                             // ok
		r.Header.Get("Host")                                       // ok
	})
	httptest.NewRequest("GET", "http://example.com/", nil) // ok
	http.NewRequest("GET", "/relative", nil)               // ok
	http.NewServeMux()                                     // ok
	url.Parse("https://example.com/")                      // ok
	net.SplitHostPort("a:1")                               // ok
	net.ResolveTCPAddr("tcp", "10.0.0.1:80")               // ok
	netip.MustParseAddrPort("10.0.0.1:80")                 // ok
	net.InterfaceAddrs()                                   // ok
	net.Pipe()                                             // ok
	client{}.Get("http://example.com/")                    // ok
	Dial("tcp", "x:1")                                     // ok
	sql.OpenDB(connector{})                                // ok
	sql.Drivers()                                          // ok
	redis.NewClient(options())                             // ok
	var cfg *pgx.ConnConfig
	pgx.ConnectConfig(ctx, cfg) // ok

	// The system, without files and variables.
	os.Hostname()            // ok
	os.Stat("/etc/passwd")   // ok
	os.Setenv("A", "b")      // ok
	filepath.Join("a", "b")  // ok
	strings.NewReader("x")   // ok
	flag.String("a", "", "") // ok
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr) // ok
}

func options() *redis.Options {
	o, _ := redis.ParseURL("redis://cache:6379") // want `need tcp cache:6379 redis.ParseURL`
	o.DB = 1                                     // ok
	return o
}

// Dial is not net.Dial.
func Dial(network, address string) {}

type client struct{}

func (client) Get(url string) {}

type connector struct{ driver.Connector }
