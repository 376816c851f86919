package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"

	"github.com/cofaas/cofaas/test/network/task"
)

// tlsDial makes a connection to an address for a server name, with the roots of the system, and asks for a page.
func tlsDial(ctx context.Context, r *task.Report, args []string) error {
	conn, err := (&tls.Dialer{Config: &tls.Config{ServerName: args[1], NextProtos: []string{"h2", "http/1.1"}}}).DialContext(ctx, "tcp", args[0])
	if err != nil {
		r.Addf("handshake: %v", err)
		return nil
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	r.Addf("handshake: %s, %s, certificate for %v", tls.VersionName(state.Version), state.NegotiatedProtocol, state.PeerCertificates[0].DNSNames)
	got, err := get(ctx, http.MethodGet, fmt.Sprintf("https://%s/", args[0]), "")
	if err != nil {
		return err
	}
	r.Addf("%s", strings.TrimSpace(got))
	return nil
}
