package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

func TestChoose(t *testing.T) {
	h := &Host{}
	mail := func(name, network, address string) *function {
		return &function{name: name, host: h, addresses: []serveAddress{{network, address}}}
	}
	o := &outgoing{from: mail("shop", "", ""), service: "m.Mail", exporters: []*function{
		mail("fast", "tcp", ":2501"), mail("slow", "tcp", "0.0.0.0:2502"), mail("twin", "tcp", "[::1]:2503"), mail("other", "tcp", ":2503"), mail("socket", "unix", "/run/mail.sock"),
	}}
	routes := []TargetRoute{
		{Target: "mail.example:25", To: "slow"}, {Function: "shop", Target: "dns:///exact:25", To: "fast"}, {Function: "cart", Target: "fast:25", To: "slow"},
		{Target: "fast:26", To: "nobody"},
	}
	for _, tt := range []struct {
		dialled, canonical, want string
	}{
		{"fast:25", "dns:///fast:25", "fast"},
		{"fast", "dns:///fast", "fast"},
		{"fast:26", "dns:///fast:26", "fast"},
		{"slow.shop.svc.cluster.local:25", "passthrough:///slow.shop.svc.cluster.local:25", "slow"},
		{"dns://8.8.8.8/slow:25", "dns://8.8.8.8/slow:25", "slow"},
		{"slow:2501", "dns:///slow:2501", "slow"}, // a name says more than a port
		{"localhost:2501", "dns:///localhost:2501", "fast"},
		{"10.0.0.7:2502", "dns:///10.0.0.7:2502", "slow"},
		{"[::1]:2502", "passthrough:///[::1]:2502", "slow"},
		{"localhost:2503", "dns:///localhost:2503", ""},
		{"localhost:25", "dns:///localhost:25", ""},
		{"localhost", "dns:///localhost", ""},
		{"unix:/run/mail.sock", "unix:/run/mail.sock", "socket"},
		{"unix:///run/mail.sock", "unix:///run/mail.sock", "socket"},
		{"unix:/run/other.sock", "unix:/run/other.sock", ""},
		{"mail.example:25", "dns:///mail.example:25", "slow"},
		{"exact:25", "dns:///exact:25", "fast"},
		{"", "", ""},
	} {
		t.Run(tt.dialled, func(t *testing.T) {
			h.opts.Routes = routes
			f, st := o.choose(target{dialled: tt.dialled, canonical: tt.canonical})
			got := ""
			if f != nil {
				got = f.name
			}
			if got != tt.want || (st == nil) != (f != nil) {
				t.Errorf("got %q, %v, want %q", got, st, tt.want)
			}
		})
	}

	t.Run("ambiguous", func(t *testing.T) {
		_, st := o.choose(target{dialled: "localhost:25", canonical: "dns:///localhost:25"})
		want := `function shop dials "localhost:25" for service m.Mail, which functions fast and slow and twin and other and socket serve, ` +
			`and neither name nor address says which of them is meant: say it with -route localhost:25=FUNCTION, or have the calls leave the host with -remote shop:m.Mail`
		if st.Code() != codes.Unavailable || st.Message() != want {
			t.Errorf("got  %v\nwant %s", st, want)
		}
	})
}

func TestRemoteCalls(t *testing.T) {
	for name, tt := range map[string]struct {
		remote []RemoteCalls
		want   string // the address, or "local"
	}{
		"none":             {nil, "local"},
		"all":              {[]RemoteCalls{{Address: "all:1"}}, "all:1"},
		"as dialled":       {[]RemoteCalls{{}}, ""},
		"service":          {[]RemoteCalls{{Service: "test.Back", Address: "back:1"}, {Address: "all:1"}}, "back:1"},
		"function":         {[]RemoteCalls{{Address: "all:1"}, {Function: "front", Address: "front:1"}}, "front:1"},
		"both":             {[]RemoteCalls{{Function: "front", Service: "test.Back", Address: "both:1"}, {Service: "test.Back", Address: "back:1"}}, "both:1"},
		"the last":         {[]RemoteCalls{{Service: "test.Back", Address: "one:1"}, {Service: "test.Back", Address: "two:1"}}, "two:1"},
		"another function": {[]RemoteCalls{{Function: "back", Address: "back:1"}}, "local"},
		"another service":  {[]RemoteCalls{{Service: "test.Deep", Address: "deep:1"}}, "local"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, relayApp(t), Options{Remote: tt.remote})
			o := s.functions["front"].outgoing["test.Back"]
			got := "local"
			if o.local() == nil {
				got = o.remote.Address
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			// What nobody in the host calls is not started.
			if n := s.functions["back"].pool.size(); (n > 0) != (tt.want == "local") {
				t.Errorf("back has %d instances", n)
			}
		})
	}
}

func TestRun_remote(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "not.pem")
	if err := os.WriteFile(notPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("usage", func(t *testing.T) {
		const want = "want all, SERVICE or FUNCTION:SERVICE, and =ADDRESS where calls are not to go to the target that is dialled, as producer:prodcon.ProducerConsumer=consumer:3030"
		for _, tt := range []struct{ variable, flag, arg, want string }{
			{"", "-remote", "", `invalid value "" for flag -remote: ` + want},
			{"", "-remote", "test.Back=", `invalid value "test.Back=" for flag -remote: ` + want},
			{"", "-remote", ":test.Back", `invalid value ":test.Back" for flag -remote: ` + want},
			{"", "-remote", "test.Deep", `-remote: there are no calls "test.Deep"; there are front:test.Back`},
			{"", "-remote", "back:all=x:1", `-remote: there are no calls "back:all"; there are front:test.Back`},
			{"test.Back, front:", "-v", "", `invalid value "front:" in COFAAS_REMOTE: ` + want},
			{"test.None", "-addr", "x", `-remote: there are no calls "test.None"; there are front:test.Back`},
			{"", "-route", "x:1", `invalid value "x:1" for flag -route: want TARGET=FUNCTION or FUNCTION:TARGET=FUNCTION, as mail.internal:25=mailer`},
			{"", "-route", "x:1=other", `-route: there is no function "other"; the functions are front, back`},
			{"", "-remote-ca", "/none.pem", `invalid value "/none.pem" for flag -remote-ca: open /none.pem: no such file or directory`},
			{"", "-remote-ca", "ca.pem=" + notPEM, fmt.Sprintf(`invalid value "ca.pem=%s" for flag -remote-ca: %s has no certificate in PEM`, notPEM, notPEM)},
		} {
			t.Setenv(remoteVariable, tt.variable)
			var stderr bytes.Buffer
			args := []string{tt.flag}
			if tt.flag != "-v" {
				args = append(args, tt.arg)
			}
			if code := Run(t.Context(), relayApp(t), args, &stderr); code != 2 {
				t.Errorf("got exit code %d, want 2", code)
			}
			if got, _, _ := strings.Cut(stderr.String(), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		}
	})
	t.Run("values", func(t *testing.T) {
		t.Setenv(remoteVariable, "all, front:test.Back=a:1,")
		s, code, ok := parse(relayApp(t), []string{"-remote", "test.Back=unix:/x=y", "-route", "back:1=front", "-route", "back:there:1=front", "-route", "unix:/a=b=back"}, &bytes.Buffer{})
		if !ok {
			t.Fatalf("exit code %d", code)
		}
		if got, want := fmt.Sprint(s.remote.calls), "[{  } {front test.Back a:1} { test.Back unix:/x=y}]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(s.route.routes), "[{ back:1 front} {back there:1 front} { unix:/a=b back}]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
