package network

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// bulkServer is the other side of task bulk.
func bulkServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) {
		head := make([]byte, 9)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		n := int64(binary.LittleEndian.Uint64(head[1:]))
		var err error
		if head[0] == 'd' {
			err = sendBulk(conn, n)
		} else {
			err = receiveBulk(conn, n)
		}
		if err != nil {
			t.Logf("bulk: %v", err)
		}
	})
}

const bulkChunk = 256 << 10

func sendBulk(conn net.Conn, n int64) error {
	buf := make([]byte, bulkChunk)
	for at := int64(0); at < n; {
		part := buf[:min(bulkChunk, n-at)]
		binary.LittleEndian.PutUint64(part, uint64(at/8))
		if _, err := conn.Write(part); err != nil {
			return err
		}
		at += int64(len(part))
	}
	return nil
}

func receiveBulk(conn net.Conn, n int64) error {
	buf := make([]byte, bulkChunk)
	for at := int64(0); at < n; {
		part := buf[:min(bulkChunk, n-at)]
		if _, err := io.ReadFull(conn, part); err != nil {
			return err
		}
		if got := binary.LittleEndian.Uint64(part); got != uint64(at/8) {
			_, err := fmt.Fprintf(conn, "no") // the function says what it read
			return err
		}
		at += int64(len(part))
	}
	_, err := io.WriteString(conn, "ok")
	return err
}

// questionServer answers when the other side has ended.
func questionServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) {
		question, err := io.ReadAll(conn)
		if err != nil {
			return
		}
		fmt.Fprintf(conn, "answer to %q", question)
	})
}

// slowServer says a byte now and then, 20 in all, once it has heard something.
func slowServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) {
		if _, err := conn.Read(make([]byte, 100)); err != nil {
			return
		}
		for range 20 {
			if _, err := io.WriteString(conn, "."); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// goneServer closes without having read what has come, which resets the connection.
func goneServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) {
		time.Sleep(50 * time.Millisecond)
		conn.SetLinger(0)
	})
}

// httpServer is an HTTP server that counts.
type httpServer struct {
	url, address string
	// conns counts connections, open those that are, posts what was posted, settings how often /setting was asked for, and abandoned what clients gave up.
	conns, open, posts, settings, abandoned atomic.Int64
	// setting is what /setting answers.
	setting atomic.Value
}

// shortIdle is so short that connections that a client keeps are closed between two tasks of a test.
const shortIdle = 300 * time.Millisecond

// newHTTPServer starts one that closes connections which are idle for a time.
func newHTTPServer(t *testing.T, tls bool, idle time.Duration) *httpServer {
	t.Helper()
	s := new(httpServer)
	s.setting.Store("first")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, req *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, req *http.Request) {
		s.posts.Add(1)
		body, err := io.ReadAll(req.Body) // all of it, as nothing can be read once the answer has begun
		if err != nil {
			t.Logf("echo: %v", err)
			return
		}
		w.Write(body)
	})
	mux.HandleFunc("GET /wait", func(w http.ResponseWriter, req *http.Request) {
		<-req.Context().Done()
		s.abandoned.Add(1)
	})
	mux.HandleFunc("GET /setting", func(w http.ResponseWriter, req *http.Request) {
		s.settings.Add(1)
		fmt.Fprint(w, s.setting.Load())
	})
	mux.HandleFunc("GET /redirect", func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, "/hello", http.StatusFound) })
	mux.HandleFunc("GET /cut", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "not as much as")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("GET /chunked", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		for range 100 {
			io.WriteString(w, strings.Repeat("x", 10_000))
		}
		w.Header().Set("X-Sum", "1000000")
	})
	mux.HandleFunc("GET /websocket", func(w http.ResponseWriter, req *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, req, nil)
		if err != nil {
			return // Upgrade has answered
		}
		defer conn.Close()
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if err := conn.WriteMessage(kind, message); err != nil {
				return
			}
		}
	})
	server := httptest.NewUnstartedServer(mux)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.conns.Add(1)
			s.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
		}
	}
	server.Config.IdleTimeout = idle
	if tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.url, s.address = server.URL, server.Listener.Addr().String()
	return s
}

// udpServer returns datagrams.
func udpServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		p := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFrom(p)
			if err != nil {
				return
			}
			if _, err := conn.WriteTo(p[:n], from); err != nil {
				t.Logf("udp: %v", err)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		wg.Wait()
	})
	return conn.LocalAddr().String()
}

// unixServer returns what it gets, at a path.
func unixServer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	lis, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	accept(t, lis, func(conn net.Conn) { io.Copy(conn, conn) })
	return path
}
