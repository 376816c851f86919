// Command cases names addresses in the ways of programs.
package main

import (
	"cmp"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
	"github.com/spf13/viper"
	"google.golang.org/grpc"
)

type config struct {
	Redis    string
	Database struct{ Host, Name string }
	Brokers  []string
	Metrics  string `env:"METRICS" envDefault:":9090"`
}

const statsd = "10.0.0.9:8125"

var (
	redisAddr = flag.String("redis", "cache:6379", "")
	hosts     = map[string]string{"eu": "eu.example.com:443", "us": "us.example.com:443"}
)

func main() {
	cfg := load()

	// Fields of a configuration.
	redis.NewClient(&redis.Options{Addr: cfg.Redis})                                          // want `need tcp cache:6379 \(default of flag redis\) redis.NewClient`
	sql.Open("pgx", "postgres://u:p@"+cfg.Database.Host+"/"+cfg.Database.Name)                // want `need tcp db.internal:5432 \(default of environment variable PGHOST\) sql.Open`
	kafka.NewReader(kafka.ReaderConfig{Brokers: cfg.Brokers})                                 // want `need tcp k1:9092 kafka.NewReader` `need tcp k2:9093 kafka.NewReader`
	http.ListenAndServe(cfg.Metrics, nil)                                                     // want `need tcp port :9090 \(default of environment variable METRICS\) http.ListenAndServe`
	sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s:%d)/shop", "u", "p", "mysql.internal", 3306)) // want `need tcp mysql.internal:3306 sql.Open`

	// Variables, collections, conditions.
	net.Dial("udp", statsd) // want `need udp 10.0.0.9:8125 net.Dial`
	network := "tcp"
	net.Dial(network, "x:1") // want `need tcp x:1 net.Dial`
	for _, host := range hosts {
		net.Dial("tcp", host) // want `need tcp eu.example.com:443 net.Dial` `need tcp us.example.com:443 net.Dial`
	}
	addr := "a:1"
	if len(os.Args) > 1 {
		addr = "b:1"
	}
	net.Dial("tcp", addr)                                // want `need tcp a:1 net.Dial` `need tcp b:1 net.Dial`
	net.Dial("tcp", cmp.Or(os.Getenv("PEER"), "peer:1")) // want `need tcp peer:1 \(default of environment variable PEER\) net.Dial` `need environment variable PEER`
	net.Dial("tcp", viper.GetString("peer.addr"))        // want `need tcp configuration key peer.addr net.Dial`
	net.Dial("tcp", os.Args[1])                          // want `need tcp variable Args net.Dial`
	net.Dial("tcp", strings.ToLower("X:1"))              // want `need tcp the result of strings.ToLower net.Dial`

	// Functions, closures and methods.
	connect := func(name string) { net.DialTimeout("tcp", name+":9000", time.Second) } // want `need tcp c1:9000 net.DialTimeout` `need tcp c2:9000 net.DialTimeout`
	connect("c1")
	connect("c2")
	newClient("https://one.example.com").get("/x") // want `need tcp one.example.com:443 http.NewRequestWithContext via in main.client.get at main.go:`
	fetch("two.example.com")                       // want `need tcp two.example.com:443 http.Get via in main.fetch at main.go:`
	s := server{http: &http.Server{Addr: ":8088"}}
	s.run()
	db := mysql.NewConfig()
	db.Addr = os.Getenv("MYSQL")      // want `need environment variable MYSQL`
	sql.Open("mysql", db.FormatDSN()) // want `need tcp environment variable MYSQL sql.Open`

	// A listener that does not serve gRPC, and one that does both.
	admin, _ := net.Listen("tcp", ":9000") // want `need tcp port :9000 net.Listen`
	go http.Serve(admin, nil)
	both, _ := net.Listen("tcp", ":9001") // want `need tcp port :9001 net.Listen .*serves gRPC too`
	go http.Serve(both, nil)
	grpc.NewServer().Serve(both)
}

func load() *config {
	c := &config{Redis: *redisAddr, Brokers: []string{"k1:9092", "k2:9093"}}
	c.Database.Host = getenv("PGHOST", "db.internal") // want `need environment variable PGHOST os.LookupEnv via in main.getenv at main.go:`
	c.Database.Name = getenv("PGDATABASE", "shop")    // want `need environment variable PGDATABASE os.LookupEnv via`
	return c
}

func getenv(key, def string) string {
	if v, ok := os.LookupEnv(key); ok {
		return v
	}
	return def
}

type client struct{ base string }

func newClient(base string) *client { return &client{base} }

func (c *client) get(path string) {
	req, _ := http.NewRequestWithContext(context.Background(), "GET", c.base+path, nil)
	http.DefaultClient.Do(req)
}

func fetch(host string) { http.Get("https://" + host + "/") }

type server struct{ http *http.Server }

func (s *server) run() { s.http.ListenAndServe() } // want `need tcp port :8088 http.Server.ListenAndServe`
