package network

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/internal/freeport"
)

func TestHTTPClient(t *testing.T) {
	server := newHTTPServer(t, false, time.Hour) // connections are counted, which are not to end meanwhile
	both(t, allowWeb(server.address), func(t *testing.T, sys *system) {
		hello := `HTTP/1.1 200 OK "hello"`
		sys.want(sys.do("web", "http get", server.url+"/hello", "3"), hello, hello, hello, "a connection was used again: true")
		sys.want(sys.do("web", "http get", server.url+"/redirect", "1"), hello, "a connection was used again: true")
		sys.want(sys.do("web", "http parallel", server.url+"/echo"), "50 right, <nil>")
		sys.want(sys.do("web", "http download", server.url+"/chunked"), "200 OK, 1000000 bytes, <nil>, trailer map[X-Sum:[1000000]]")
		sys.want(sys.do("web", "http download", server.url+"/cut"), "200 OK, 14 bytes, unexpected EOF, trailer map[]")
		before := server.abandoned.Load()
		sys.want(sys.do("web", "http cancel", server.url+"/wait"), `get: "Get \"`+server.url+`/wait\": context canceled" is [context.Canceled] timeout=false`)
		sys.want(sys.do("web", "http timeout", server.url+"/wait"), "get: is [context.DeadlineExceeded] timeout=true")
		eventually(t, "the server notices that clients gave up", func() bool { return server.abandoned.Load() == before+2 })
	})
}

// TestHTTPIdle has the server close a connection that is idle while no call is in progress, and then something be posted, which clients do
// not repeat.
func TestHTTPIdle(t *testing.T) {
	server := newHTTPServer(t, false, shortIdle)
	both(t, allowWeb(server.address), func(t *testing.T, sys *system) {
		server.posts.Store(0)
		const rounds = 3
		for i := range rounds {
			body := fmt.Sprint("round ", i)
			sys.want(sys.do("web", "http post", server.url+"/echo", body), fmt.Sprintf(`HTTP/1.1 200 OK "body of %s"`, body))
			// The server waits for 300 ms, and the client has time to notice.
			eventually(t, "idle connections are closed", func() bool { return server.open.Load() == 0 })
			time.Sleep(1500 * time.Millisecond)
		}
		if n := server.posts.Load(); n != rounds {
			t.Errorf("the server got %d posts", n)
		}
	})
}

func TestHTTP_Errors(t *testing.T) {
	refused, reset, untrusted := freeport.Address(t), resetServer(t), newHTTPServer(t, true, shortIdle)
	both(t, allowWeb(refused, reset, untrusted.address), func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "http fail", "http://"+refused+"/"),
			`get: "Get \"http://`+refused+`/\": dial tcp `+refused+`: connect: connection refused" is [ECONNREFUSED] timeout=false op=dial net=tcp`)
		sys.want(sys.do("web", "http fail", "http://"+reset+"/"),
			`get: "Get \"http://`+reset+`/\": read tcp 127.0.0.1:PORT->`+reset+`: read: connection reset by peer" is [ECONNRESET] timeout=false op=read net=tcp`)
		sys.want(sys.do("web", "http fail", untrusted.url+"/"),
			`get: "Get \"`+untrusted.url+`/\": tls: failed to verify certificate: x509: certificate signed by unknown authority" is [] timeout=false`)
	})
}

// TestTLS has a server with a certificate of an authority that only the function is told to trust.
func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	address := nginxServer(t, ca)
	url := "https://" + address
	s := allowWeb(address)
	s.mounts = map[string][]string{"web": {ca.file}}
	s.env = map[string][]string{"web": {"SSL_CERT_FILE=" + ca.file}}
	both(t, s, func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "tls", address, "localhost"),
			"handshake: TLS 1.3, h2, certificate for [localhost]", `HTTP/2.0 200 OK "served by nginx\n"`)
		sys.want(sys.do("web", "tls", address, "other.example"),
			"handshake: tls: failed to verify certificate: x509: certificate is valid for localhost, not other.example")
		sys.want(sys.do("web", "http get", url+"/protocol", "1"), `HTTP/2.0 200 OK "HTTP/2.0 TLSv1.3 2\n"`, "a connection was used again: true")
		sys.want(sys.do("web", "http download", url+"/large"), "200 OK, 8388608 bytes, <nil>, trailer map[]")
		got := sys.do("web", "http parallel", url+"/protocol") // nginx lets nobody post to it: what matters is that 50 streams end
		sys.want(got, "0 right, <nil>")
	})
	without := allowWeb(address)
	both(t, without, func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "tls", address, "localhost"),
			"handshake: tls: failed to verify certificate: x509: certificate signed by unknown authority")
	})
}

func TestWebsocket(t *testing.T) {
	server := newHTTPServer(t, false, shortIdle)
	both(t, allowWeb(server.address), func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "websocket", "ws://"+server.address+"/websocket"),
			"status 101", "message of kind 1, 3 bytes, equal: true", "message of kind 1, 0 bytes, equal: true", "message of kind 1, 600000 bytes, equal: true",
			"pong: are you there", "closed normally: true, websocket: close 1000 (normal)")
	})
}

// TestHTTPServer has the function's own HTTP server be asked from outside, while no call is in progress.
func TestHTTPServer(t *testing.T) {
	address := freeport.Address(t)
	s := setup{listen: map[string][]string{"web": {address}}, env: map[string][]string{"web": {"HTTP_ADDRESS=" + address}}}
	both(t, s, func(t *testing.T, sys *system) {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50}, Timeout: patience}
		defer client.CloseIdleConnections()
		ask := func(method, path, body string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				sys.record("error of " + path)
				t.Errorf("%s: %v", path, err)
				return
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			sys.record(fmt.Sprintf("%s: %s, %d bytes, %.20q, %v", path, resp.Status, len(got), got, err))
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		for range 3 {
			ask("GET", "/healthz", "")
			ask("GET", "/metrics", "")
			time.Sleep(50 * time.Millisecond)
		}
		ask("GET", "/large", "")
		ask("POST", "/echo", strings.Repeat("body ", 100_000))
		ask("GET", "/stream", "")
		ask("GET", "/slow", "")
		ask("GET", "/none", "")
		var group errgroup.Group
		for i := range 50 {
			group.Go(func() error {
				sent := fmt.Sprint("body ", i)
				resp, err := client.Post("http://"+address+"/echo", "text/plain", strings.NewReader(sent))
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != sent {
					return fmt.Errorf("got %q, %w", got, err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		if resp, err := client.Get("http://" + address + "/panic"); err == nil {
			resp.Body.Close()
			t.Errorf("an aborted answer is %s", resp.Status)
		}
		conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+address+"/websocket", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for range 10 {
			if err := conn.WriteMessage(websocket.TextMessage, []byte("hei")); err != nil {
				t.Fatal(err)
			}
			if _, got, err := conn.ReadMessage(); err != nil || string(got) != "hei" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		// And gRPC works all the while.
		sys.do("web", "nothing")
	})
}

// collector is an OpenTelemetry collector, which is real grpc-go.
type collector struct {
	collectorpb.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []string
}

func (c *collector) Export(_ context.Context, req *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range req.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				c.spans = append(c.spans, span.Name)
			}
		}
	}
	return &collectorpb.ExportTraceServiceResponse{}, nil
}

func (c *collector) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := c.spans
	c.spans = nil
	slices.Sort(spans)
	return spans
}

func TestTraces(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, c := grpc.NewServer(), new(collector)
	collectorpb.RegisterTraceServiceServer(server, c)
	done := make(chan error, 1)
	go func() { done <- server.Serve(lis) }()
	defer func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	address := lis.Addr().String()
	both(t, allowWeb(address), func(t *testing.T, sys *system) {
		for range 2 {
			sys.want(sys.do("web", "traces", address), "flush: <nil>", "shut down: <nil>")
			var want []string
			for i := range 10 {
				want = append(want, fmt.Sprint("span ", i))
			}
			sys.want(c.take(), want...)
		}
	})
}
