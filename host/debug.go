package host

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/pprof"
)

// debugHandler answers operators: /debug/stats is what [Host.Stats] returns, as JSON, /debug/net-audit is the result
// of an audit until now, and /debug/pprof/ are the profiles of package pprof.
func (h *Host) debugHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		_ = out.Encode(h.Stats()) // whoever asked has gone
	})
	mux.HandleFunc("GET /debug/net-audit", h.serveNetAudit)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// serveDebug serves debugHandler at an address, if there is one, until it is told to stop.
func (s *settings) serveDebug(h *Host) (stop func(), err error) {
	if s.debugAddr == "" {
		return func() {}, nil
	}
	lis, err := net.Listen("tcp", s.debugAddr)
	if err != nil {
		return nil, err
	}
	h.log.Info("debugging", "address", lis.Addr().String())
	server := &http.Server{Handler: h.debugHandler()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(lis)
	}()
	return func() {
		_ = server.Close()
		<-done
	}, nil
}
