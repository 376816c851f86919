// Command web uses HTTP, as a client and as a server.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/go-resty/resty/v2"
	"github.com/gofiber/fiber/v2"
	gorilla "github.com/gorilla/websocket"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/labstack/echo/v4"
	xnet "golang.org/x/net/websocket"
	nhooyr "nhooyr.io/websocket"
)

var (
	base  = flag.String("base", "https://rates.example.com/v1", "")
	host  = flag.String("host", "rates", "")
	plain = flag.String("plain", "", "")
)

func main() {
	ctx := context.Background()
	http.Get("http://a.example.com/x?y=z")                // want `need tcp a.example.com:80 http.Get`
	http.Head("https://user:secret@b.example.com:8443/")  // want `need tcp b.example.com:8443 http.Head`
	http.Post("https://c.example.com", "text/plain", nil) // want `need tcp c.example.com:443 http.Post`
	http.PostForm(*base+"/rates", nil)                    // want `need tcp rates.example.com:443 \(default of flag base\) http.PostForm`
	http.Get(fmt.Sprintf("http://%s:8080/%d", *host, 7))  // want `need tcp rates:8080 \(default of flag host\) http.Get`
	http.Get("https://" + *host + "/x")                   // want `need tcp rates:443 \(default of flag host\) http.Get`
	http.Get("http://api/" + computed())                  // want `need tcp api:80 http.Get`
	http.Get(*plain)                                      // want `need tcp flag plain http.Get`
	http.Get(computed())                                  // want `need tcp the result of a call http.Get`
	var client http.Client
	client.Get("http://d/")                                                         // want `need tcp d:80 http.Client.Get`
	client.Head("http://d/")                                                        // want `need tcp d:80 http.Client.Head`
	client.Post("http://e/", "", nil)                                               // want `need tcp e:80 http.Client.Post`
	client.PostForm("http://f/", nil)                                               // want `need tcp f:80 http.Client.PostForm`
	req, _ := http.NewRequest("GET", "http://[fd00::1]/", nil)                      // want `need tcp \[fd00::1\]:80 http.NewRequest`
	client.Do(req)                                                                  // ok
	http.NewRequestWithContext(ctx, "GET", strings.TrimRight(*base, "/")+"/x", nil) // want `need tcp rates.example.com:443 \(default of flag base\) http.NewRequestWithContext`
	http.NewRequest("GET", "/healthz", nil)                                         // ok
	u, _ := url.Parse("http://g:81")
	httputil.NewSingleHostReverseProxy(u)                                      // want `need tcp g:81 httputil.NewSingleHostReverseProxy`
	httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: "h.i"}) // want `need tcp h.i:443 httputil.NewSingleHostReverseProxy`
	http.Get((&url.URL{Scheme: "http", Host: *host, Path: "/"}).String())      // want `need tcp rates:80 \(default of flag host\) http.Get`
	get("http://x/")                                                           // ok

	retryablehttp.Get("http://r/1")                                   // want `need tcp r:80 retryablehttp.Get`
	new(retryablehttp.Client).Get("http://r/2")                       // want `need tcp r:80 retryablehttp.Client.Get`
	retryablehttp.NewRequest("GET", "http://r/3", nil)                // want `need tcp r:80 retryablehttp.NewRequest`
	retryablehttp.NewRequestWithContext(ctx, "GET", "http://r/", nil) // want `need tcp r:80 retryablehttp.NewRequestWithContext`
	r := resty.New().SetBaseURL("https://resty")                      // want `need tcp resty:443 resty.Client.SetBaseURL`
	r.SetHostURL("https://resty2")                                    // want `need tcp resty2:443 resty.Client.SetHostURL`
	r.R().Get("/path")                                                // ok
	r.R().Get("http://s/")                                            // want `need tcp s:80 resty.Request.Get`
	r.R().Post("http://s/")                                           // want `need tcp s:80 resty.Request.Post`
	r.R().Put("http://s/")                                            // want `need tcp s:80 resty.Request.Put`
	r.R().Patch("http://s/")                                          // want `need tcp s:80 resty.Request.Patch`
	r.R().Delete("http://s/")                                         // want `need tcp s:80 resty.Request.Delete`
	r.R().Execute("GET", "http://s/")                                 // want `need tcp s:80 resty.Request.Execute`

	websocket.Dial(ctx, "wss://ws.example.com/feed", nil)        // want `need tcp ws.example.com:443 websocket.Dial`
	nhooyr.Dial(ctx, "ws://ws.example.com/feed", nil)            // want `need tcp ws.example.com:80 websocket.Dial`
	gorilla.DefaultDialer.Dial("ws://ws:8080/feed", nil)         // want `need tcp ws:8080 websocket.Dialer.Dial`
	gorilla.DefaultDialer.DialContext(ctx, "ws://ws:8081/", nil) // want `need tcp ws:8081 websocket.Dialer.DialContext`
	xnet.Dial("ws://ws:8082/", "", "http://origin/")             // want `need tcp ws:8082 websocket.Dial`

	http.ListenAndServe(":9090", nil)                            // want `need tcp port :9090 http.ListenAndServe`
	http.ListenAndServe(os.Getenv("METRICS"), nil)               // want `need tcp port environment variable METRICS http.ListenAndServe` `need environment variable METRICS os.Getenv`
	http.ListenAndServeTLS(":9443", "/tls/crt", "/tls/key", nil) // want `need tcp port :9443 http.ListenAndServeTLS` `need file /tls/crt http.ListenAndServeTLS` `need file /tls/key http.ListenAndServeTLS`
	s := &http.Server{Addr: ":9091"}
	s.ListenAndServe()                // want `need tcp port :9091 http.Server.ListenAndServe`
	(&http.Server{}).ListenAndServe() // want `need tcp port :80 http.Server.ListenAndServe`
	t := http.Server{Addr: ":9444"}
	t.ListenAndServeTLS("", "")                   // want `need tcp port :9444 http.Server.ListenAndServeTLS`
	lis, _ := net.Listen("tcp", "127.0.0.1:9092") // want `need tcp port 127.0.0.1:9092 net.Listen`
	http.Serve(lis, nil)                          // ok
	tls.Listen("tcp", ":9445", nil)               // want `need tcp port :9445 tls.Listen`
	var lc net.ListenConfig
	lc.Listen(ctx, "tcp", ":9093")                                     // want `need tcp port :9093 net.ListenConfig.Listen`
	lc.ListenPacket(ctx, "udp", ":5354")                               // want `need udp port :5354 net.ListenConfig.ListenPacket`
	net.ListenPacket("udp", ":5353")                                   // want `need udp port :5353 net.ListenPacket`
	net.ListenUDP("udp", &net.UDPAddr{Port: 8126})                     // want `need udp port :8126 net.ListenUDP`
	net.ListenUDP("udp", nil)                                          // ok
	net.ListenTCP("tcp", &net.TCPAddr{Port: 8127})                     // want `need tcp port :8127 net.ListenTCP`
	net.ListenUnix("unix", &net.UnixAddr{Name: "/run/x", Net: "unix"}) // want `need unix port /run/x net.ListenUnix`
	net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "/run/y"})      // want `need unixgram port /run/y net.ListenUnixgram`
	gin.New().Run()                                                    // want `need tcp port :8080 \(default of environment variable PORT\) gin.Engine.Run`
	gin.New().Run(":8081")                                             // want `need tcp port :8081 gin.Engine.Run`
	gin.New().RunTLS(":1", "", "")                                     // want `need tcp port :1 gin.Engine.RunTLS`
	echo.New().Start(":1323")                                          // want `need tcp port :1323 echo.Echo.Start`
	echo.New().StartTLS(":2", "", "")                                  // want `need tcp port :2 echo.Echo.StartTLS`
	fiber.New().Listen(":3000")                                        // want `need tcp port :3000 fiber.App.Listen`
	http.HandleFunc("/", nil)                                          // ok
	http.Handle("/static", http.FileServer(nil))                       // ok
}

var computed func() string

func get(url string) io.Reader { return strings.NewReader(url) }
