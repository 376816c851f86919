package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/cofaas/cofaas/host/internal/netpolicy"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/internal/freeport"
	"github.com/cofaas/cofaas/internal/netrules"
)

func init() {
	// What an isolate does on the network: what it sends, and what comes back or goes wrong.
	attacks["dial"] = func(args []string) {
		conn, err := net.Dial(args[0], args[1])
		if err == nil {
			_, err = conn.Write([]byte("ping"))
		}
		answer := make([]byte, 4)
		if err == nil {
			_, err = io.ReadFull(conn, answer)
		}
		fmt.Printf("%s %v\n", bytes.Trim(answer, "\x00"), err)
	}
	attacks["send"] = func(args []string) {
		conn, err := net.ListenPacket(args[0], args[1])
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, to := range args[2:] {
			addr, err := net.ResolveUDPAddr("udp", to)
			if err == nil {
				_, err = conn.WriteTo([]byte("ping"), addr)
			}
			answer := make([]byte, 4)
			if err == nil {
				_, _, err = conn.ReadFrom(answer)
			}
			fmt.Printf("%s %v\n", bytes.Trim(answer, "\x00"), err)
		}
	}
	attacks["lookup"] = func(args []string) {
		for _, name := range args {
			addrs, err := net.LookupHost(name)
			fmt.Println(addrs, err)
		}
	}
	attacks["cname"] = func(args []string) { fmt.Println(net.LookupCNAME(args[0])) }
	// Listens, and connects to itself.
	attacks["self"] = func(args []string) {
		l, err := net.Listen(args[0], args[1])
		if err != nil {
			fmt.Println(err)
			return
		}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go io.Copy(conn, conn)
			}
		}()
		conn, err := net.Dial(args[0], l.Addr().String())
		if err == nil {
			_, err = conn.Write([]byte("self"))
		}
		answer := make([]byte, 4)
		if err == nil {
			_, err = io.ReadFull(conn, answer)
		}
		fmt.Printf("%s %v\n%s\n", answer, err, l.Addr())
		select {}
	}
	// Has paths for itself until it may have no more.
	attacks["paths"] = func([]string) {
		n := 0
		for {
			l, err := net.Listen("unix", fmt.Sprintf("/run/%d.sock", n))
			if err != nil {
				fmt.Println(n, err)
				return
			}
			l.Close()
			n++
		}
	}
	attacks["interfaces"] = func([]string) {
		list, err := net.Interfaces()
		for _, i := range list {
			fmt.Print(i.Name, " ")
		}
		fmt.Println(err)
	}
}

// policy is one as hosts have it.
type policy struct{ *netpolicy.Policy }

func (p policy) Listen(network, address string) (string, string, error) {
	hostNetwork, hostAddress, ok := p.Mapping(network, address)
	if !ok {
		return "", "", sockets.ErrPrivate
	}
	return hostNetwork, hostAddress, nil
}

// buffer is a log.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// networked returns a network in which entries of an allow-list and mappings hold.
func networked(t testing.TB, allow, listen string, resolver *net.Resolver) (*Network, *buffer) {
	t.Helper()
	log := &buffer{}
	cfg := netpolicy.Config{Function: "test", Log: slog.New(slog.NewTextHandler(log, nil))}
	var err error
	if allow != "" {
		if cfg.Allow, err = netrules.Parse(allow); err != nil {
			t.Fatal(err)
		}
	}
	if listen != "" {
		if cfg.Listen, err = netrules.ParseMappings(listen); err != nil {
			t.Fatal(err)
		}
	}
	n := NewNetwork(NetworkConfig{Function: "test", Policy: policy{netpolicy.New(cfg)}, Resolver: resolver, Log: cfg.Log})
	t.Cleanup(n.Close)
	return n, log
}

// echo serves what it gets, on a network of the host.
func echo(t *testing.T, network, address string) string {
	t.Helper()
	if strings.HasPrefix(network, "udp") || network == "unixgram" {
		conn, err := net.ListenPacket(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		go func() {
			buf := make([]byte, 100)
			for {
				n, from, err := conn.ReadFrom(buf)
				if err != nil {
					return
				}
				_, _ = conn.WriteTo(buf[:n], from)
			}
		}()
		return conn.LocalAddr().String()
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

func TestNetwork_dial(t *testing.T) {
	tcp4, tcp6, udp := echo(t, "tcp", "127.0.0.1:0"), echo(t, "tcp", "[::1]:0"), echo(t, "udp", "127.0.0.1:0")
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	unixSocket := echo(t, "unix", filepath.Join(folder, "echo.sock"))
	abstract := echo(t, "unix", "@cofaas-test-"+port(tcp4))
	allow := strings.Join([]string{tcp4, tcp6, "udp:" + udp, "unix:" + unixSocket, "unix:" + abstract}, ",")
	n, _ := networked(t, allow, "", nil)
	for _, to := range [][2]string{
		{"tcp", tcp4}, {"tcp", tcp6}, {"tcp", "[::ffff:127.0.0.1]:" + port(tcp4)}, {"tcp", ":" + port(tcp4)}, {"udp", udp}, {"unix", unixSocket}, {"unix", abstract},
	} {
		t.Run(to[0]+" "+to[1], func(t *testing.T) {
			p := start(t, Config{Network: n}, "dial", to[0], to[1])
			if got := p.line(t); got != "ping <nil>" {
				t.Errorf("got %q", got)
			}
		})
	}
	nothing, log := networked(t, "", "", nil)
	for _, to := range [][2]string{{"tcp", tcp4}, {"udp", udp}, {"unix", unixSocket}, {"unix", abstract}} {
		t.Run("refused "+to[0]+" "+to[1], func(t *testing.T) {
			p := start(t, Config{Network: nothing}, "dial", to[0], to[1])
			if got := p.line(t); !strings.HasSuffix(got, "connect: permission denied") {
				t.Errorf("got %q", got)
			}
			if want := "the policy refused: the function may not connect to"; !strings.Contains(log.String(), want) || !strings.Contains(log.String(), to[1]) {
				t.Errorf("log: %s", log)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		p := start(t, Config{}, "dial", "tcp", tcp4)
		if got := p.line(t); !strings.HasSuffix(got, "connect: permission denied") {
			t.Errorf("got %q", got)
		}
	})
}

func TestNetwork_send(t *testing.T) {
	one, two, other := echo(t, "udp", "127.0.0.1:0"), echo(t, "udp", "127.0.0.1:0"), echo(t, "udp", "127.0.0.1:0")
	n, _ := networked(t, "udp:"+one+",udp:"+two, "", nil)
	p := start(t, Config{Network: n}, "send", "udp", ":0", one, two, other)
	for _, want := range []string{"ping <nil>", "ping <nil>", "permission denied"} {
		if got := p.line(t); !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// lowPort is a port for which the host needs a privilege, and where it serves nothing.
func lowPort(t *testing.T) string {
	t.Helper()
	for port := 80; port < 1024; port++ {
		conn, err := net.Dial("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return fmt.Sprint(port)
		}
		conn.Close()
	}
	t.Fatal("somebody listens everywhere")
	return ""
}

func TestNetwork_private(t *testing.T) {
	n, log := networked(t, "", "", nil)
	high := freeport.Port(t)
	for _, at := range [][2]string{{"tcp", "127.0.0.1:" + high}, {"tcp", ":" + high}, {"tcp", ":" + lowPort(t)}, {"unix", "/run/app.sock"}, {"unix", "/" + strings.Repeat("n", 106)}, {"unix", "@app"}} {
		t.Run(at[0]+" "+at[1], func(t *testing.T) {
			p := start(t, Config{Network: n}, "self", at[0], at[1])
			if got := p.line(t); got != "self <nil>" {
				t.Fatalf("got %q", got)
			}
			if conn, err := net.Dial(at[0], at[1]); err == nil {
				conn.Close()
				t.Error("the host reaches it")
			}
		})
	}
	if log.String() != "" {
		t.Errorf("log: %s", log)
	}
}

func TestNetwork_paths(t *testing.T) {
	n, _ := networked(t, "", "", nil)
	p := start(t, Config{Network: n}, "paths")
	if got, want := p.line(t), "1024 listen unix /run/1024.sock: bind: no space left on device"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNetwork_mapped(t *testing.T) {
	at := freeport.Address(t)
	n, _ := networked(t, "", "9090="+at, nil)
	one := start(t, Config{Network: n}, "self", "tcp", ":9090")
	two := start(t, Config{Network: n}, "self", "tcp", ":9090")
	for _, p := range []*started{one, two} {
		if got := p.line(t); got != "self <nil>" {
			t.Fatalf("got %q", got)
		}
	}
	reach := func() error {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = io.ReadFull(io.MultiReader(conn), make([]byte, 0))
		return err
	}
	if err := reach(); err != nil {
		t.Error(err)
	}
	for i, p := range []*started{one, two} {
		p.Kill()
		p.wait(t)
		if err := reach(); (err == nil) != (i == 0) {
			t.Errorf("after %d ends: %v", i+1, err)
		}
	}
}

// nameServer returns a resolver that knows some names.
func nameServer(t *testing.T, names map[string]netip.Addr) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if err := m.Unpack(buf[:n]); err != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			q := m.Questions[0]
			addr, ok := names[q.Name.String()]
			owner := q.Name
			if !ok {
				m.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeA {
				if q.Name.String() == "alias.test." {
					owner = dnsmessage.MustNewName("real.test.")
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.CNAMEResource{CNAME: owner}})
				}
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: owner, Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{A: addr.As4()}})
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestNetwork_names(t *testing.T) {
	server := echo(t, "tcp", "127.0.0.1:0")
	local := netip.MustParseAddr("127.0.0.1")
	resolver := nameServer(t, map[string]netip.Addr{"server.test.": local, "alias.test.": local, "other.test.": local})
	n, log := networked(t, "server.test:"+port(server)+",lookup:alias.test,lookup:missing.test", "", resolver)
	t.Run("dial", func(t *testing.T) {
		p := start(t, Config{Network: n}, "dial", "tcp", "server.test:"+port(server))
		if got := p.line(t); got != "ping <nil>" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("lookup", func(t *testing.T) {
		p := start(t, Config{Network: n}, "lookup", "server.test", "alias.test", "localhost", "other.test", "missing.test")
		for _, want := range []string{"[127.0.0.1] <nil>", "[127.0.0.1] <nil>", "[127.0.0.1 ::1] <nil>", "server misbehaving", "no such host"} {
			if got := p.line(t); !strings.HasSuffix(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		if !strings.Contains(log.String(), "may not look up other.test") || strings.Contains(log.String(), "missing") {
			t.Errorf("log: %s", log)
		}
	})
	t.Run("cname", func(t *testing.T) {
		p := start(t, Config{Network: n}, "cname", "alias.test")
		if got := p.line(t); got != "real.test. <nil>" {
			t.Errorf("got %q", got)
		}
	})
}

func TestNetwork_interfaces(t *testing.T) {
	n, _ := networked(t, "", "", nil)
	for tries := 0; ; tries++ {
		list, err := net.Interfaces()
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		for _, i := range list {
			want += i.Name + " "
		}
		got := start(t, Config{Network: n}, "interfaces").line(t)
		if got == want+"<nil>" {
			return
		}
		if tries == 5 { // others may add some, and remove them
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}
