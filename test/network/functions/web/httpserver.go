package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/cofaas/cofaas/test/network/task"
)

// serveHTTP serves what functions serve beside gRPC: metrics and health, and what shows that a server works.
func serveHTTP(address string) error {
	lis, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	var requests atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "requests_total %d\n", requests.Load()) })
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body) // all of it, as nothing can be read once the answer has begun
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Write(body)
	})
	mux.HandleFunc("GET /large", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("0123456789abcdef", 1<<18))
	})
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, req *http.Request) {
		select {
		case <-req.Context().Done(): // the client has gone
		case <-time.After(300 * time.Millisecond):
			io.WriteString(w, "at last\n")
		}
	})
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 5 {
			fmt.Fprintf(w, "part %d\n", i)
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
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
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		requests.Add(1)
		mux.ServeHTTP(w, req)
	}), ReadHeaderTimeout: time.Minute, IdleTimeout: 5 * time.Minute}
	go func() { log.Printf("http: %v", server.Serve(lis)) }()
	return nil
}

// setting is what refresh saw last.
var setting atomic.Value

// refresh asks for the setting all the time.
func refresh(url string) {
	for range time.Tick(50 * time.Millisecond) {
		got, err := get(context.Background(), http.MethodGet, url, "")
		if err != nil {
			got = err.Error()
		}
		setting.Store(got)
	}
}

func settingNow(_ context.Context, r *task.Report, _ []string) error {
	r.Addf("%v", setting.Load())
	return nil
}
