package routing_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/internal/routing"
)

// TestParse compares with the canonical target of a real client.
func TestParse(t *testing.T) {
	for _, dialled := range []string{
		"hello:80", "hello", "localhost:7001", "10.0.0.7:80", "[::1]:80", "mailer.prod.svc:25", "dns:///hello:80", "dns://8.8.8.8/hello:80",
		"passthrough:///hello:80", "unix:/run/x.sock", "unix:///run/x.sock", "dns:hello:80", ":80", "hello:http", "a/b",
	} {
		conn, err := grpc.NewClient(dialled, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Errorf("%s: %v", dialled, err)
			continue
		}
		if got := routing.Parse(dialled); got.Canonical != conn.CanonicalTarget() || got.Dialled != dialled {
			t.Errorf("%s: %+v, grpc-go says %s", dialled, got, conn.CanonicalTarget())
		}
		conn.Close()
	}
}

func TestChoose(t *testing.T) {
	functions := []routing.Function{
		{Name: "fast", Addresses: []routing.Address{{Network: "tcp", Address: ":2501"}, {Network: "tcp", Address: ":2511"}}},
		{Name: "slow", Addresses: []routing.Address{{Network: "tcp", Address: "0.0.0.0:2502"}, {Network: "tcp", Address: "[::]:2502"}}},
		{Name: "twin", Addresses: []routing.Address{{Network: "tcp", Address: ":2503"}}},
		{Name: "other", Addresses: []routing.Address{{Network: "tcp", Address: ":2503"}}},
		{Name: "socket", Addresses: []routing.Address{{Network: "unix", Address: "/run/mail.sock"}}},
		{Name: "nowhere"},
	}
	for dialled, want := range map[string]string{
		"fast:25": "fast", "slow.shop.svc.cluster.local:25": "slow", "slow:2501": "slow", "nowhere:1": "nowhere",
		"localhost:2511": "fast", "10.0.0.7:2502": "slow", "localhost:2503": "", "localhost:25": "", "localhost:0": "", "localhost": "",
		"unix:///run/mail.sock": "socket", "unix:/run/none.sock": "", "": "", "%%:25": "",
	} {
		got := ""
		if i := routing.Choose(routing.Parse(dialled), functions); i >= 0 {
			got = functions[i].Name
		}
		if got != want {
			t.Errorf("%s leads to %q, want %q", dialled, got, want)
		}
	}
}
