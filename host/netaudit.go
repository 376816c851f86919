package host

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/cofaas/cofaas/host/internal/netpolicy"
)

// netAudit says which flags would have sufficed for what functions have done on the network, or nothing if there is no audit.
func (h *Host) netAudit() string {
	if !h.opts.NetAudit {
		return ""
	}
	var flags, private, idle []string
	for _, name := range functionNames(h.app) {
		allow, listening := h.policies[name].Recorded()
		if len(allow) > 0 {
			flags = append(flags, "  "+netpolicy.Flag("allow", name+"="+strings.Join(allow, ",")))
		}
		for _, guest := range listening {
			private = append(private, "  "+netpolicy.Flag("listen", name+":"+guest+"=ADDRESS"))
		}
		if len(allow)+len(listening) == 0 {
			idle = append(idle, name)
		}
	}
	var b strings.Builder
	if len(flags) > 0 {
		fmt.Fprintf(&b, "net-audit: for what has happened until now, these flags would have sufficed:\n%s\n", strings.Join(flags, "\n"))
	} else {
		b.WriteString("net-audit: no function has connected to anything until now\n")
	}
	if len(private) > 0 {
		fmt.Fprintf(&b, "net-audit: functions have listened where the host serves nothing; these flags would have it served:\n%s\n", strings.Join(private, "\n"))
	}
	if len(idle) > 0 {
		fmt.Fprintf(&b, "net-audit: functions that did nothing on the network: %s\n", strings.Join(idle, ", "))
	}
	return b.String()
}

// audit prints the result of an audit upon SIGHUP until it is told to stop, and then too.
func (s *settings) audit(h *Host) (stop func()) {
	if !s.netAudit {
		return func() {}
	}
	h.log.Warn("every function may connect to everything: -net-audit")
	print := func() { fmt.Fprint(s.stderr, h.netAudit()) }
	signals, done, ended := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer close(ended)
		for {
			select {
			case <-signals:
				print()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
		<-ended
		print()
	}
}

// serveNetAudit answers /debug/net-audit.
func (h *Host) serveNetAudit(w http.ResponseWriter, r *http.Request) {
	if !h.opts.NetAudit {
		http.Error(w, "the host was started without -net-audit", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, h.netAudit())
}
