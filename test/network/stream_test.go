package network

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/freeport"
)

func allowWeb(addresses ...string) setup { return setup{allow: map[string][]string{"web": addresses}} }

func TestStreams(t *testing.T) {
	echo, question, slow, path := echoServer(t), questionServer(t), slowServer(t), unixServer(t)
	both(t, allowWeb(echo, question, slow, "unix:"+path), func(t *testing.T, sys *system) {
		for _, n := range []string{"0", "1", "1000", "3000000"} {
			for _, server := range [][2]string{{"tcp", echo}, {"tcp4", echo}, {"unix", path}} {
				sys.want(sys.do("web", "echo", server[0], server[1], n), "echo of "+n+" bytes: equal: true")
			}
		}
		sys.want(sys.do("web", "half close", "tcp", question),
			`write after the end: "write tcp 127.0.0.1:PORT->`+question+`: write: broken pipe" is [EPIPE] timeout=false op=write net=tcp`,
			`answer: "answer to \"question\"", <nil>`, "second end: false")
		sys.want(sys.do("web", "read", "tcp", slow), "read 20 bytes", "read: no error")
		sys.want(sys.do("web", "options", "tcp", echo), "options: <nil>", "from 127.0.0.1 to "+echo+", a port of its own: true", "echo of 1000 bytes: equal: true")
		timeout := `read: "read tcp 127.0.0.1:PORT->` + echo + `: i/o timeout" is [os.ErrDeadlineExceeded] timeout=true op=read net=tcp`
		sys.want(sys.do("web", "deadlines", "tcp", echo), timeout, timeout, timeout, "echo of 100 bytes: equal: true")
		closed := `: use of closed network connection" is [net.ErrClosed] timeout=false `
		sys.want(sys.do("web", "close", "tcp", echo),
			`read: "read tcp 127.0.0.1:PORT->`+echo+closed+"op=read net=tcp",
			`write: "write tcp 127.0.0.1:PORT->`+echo+closed+"op=write net=tcp",
			`close: "close tcp 127.0.0.1:PORT->`+echo+closed+"op=close net=tcp")
	})
}

func TestStreams_Errors(t *testing.T) {
	refused, reset, gone := freeport.Address(t), resetServer(t), goneServer(t)
	dir := t.TempDir()
	missing, dead := filepath.Join(dir, "missing"), filepath.Join(dir, "dead")
	lis, err := net.Listen("unix", dead)
	if err != nil {
		t.Fatal(err)
	}
	lis.(*net.UnixListener).SetUnlinkOnClose(false)
	lis.Close()
	both(t, allowWeb(refused, reset, gone, "unix:"+missing, "unix:"+dead), func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "dial", "tcp", refused, "1m"),
			`dial: "dial tcp `+refused+`: connect: connection refused" is [ECONNREFUSED] timeout=false op=dial net=tcp`)
		sys.want(sys.do("web", "dial", "unix", missing, "1m"),
			`dial: "dial unix `+missing+`: connect: no such file or directory" is [ENOENT] timeout=false op=dial net=unix`)
		sys.want(sys.do("web", "dial", "unix", dead, "1m"),
			`dial: "dial unix `+dead+`: connect: connection refused" is [ECONNREFUSED] timeout=false op=dial net=unix`)
		sys.want(sys.do("web", "read", "tcp", reset), "read 0 bytes",
			`read: "read tcp 127.0.0.1:PORT->`+reset+`: read: connection reset by peer" is [ECONNRESET] timeout=false op=read net=tcp`)
		sys.want(sys.do("web", "write", "tcp", gone), "write: gone: true")
	})
}

// TestBlackHole has packets go nowhere: new connections', and those of connections that there are.
func TestBlackHole(t *testing.T) {
	hole := newHole(t)
	both(t, allowWeb(hole.address, hole.nowhere), func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "dial", "tcp", hole.nowhere, "300ms", "kind"), "dial: timeout: true")
		sys.want(sys.do("web", "dial cancelled", "tcp", hole.nowhere),
			`dial: "dial tcp `+hole.nowhere+`: operation was canceled" is [context.Canceled] timeout=false op=dial net=tcp`, "soon: true")
		sys.do("web", "hold", "tcp", hole.address, "3")
		sys.want(sys.do("web", "held"), "3 connections answer")
		hole.close(t)
		// Half-open: nobody says that the other side is not there any more.
		sys.want(sys.do("web", "dial", "tcp", hole.address, "300ms", "kind"), "dial: timeout: true")
		hole.open(t)
		sys.want(sys.do("web", "held"), "3 connections answer") // what is lost is sent again
		sys.do("web", "release")
	})
}

func TestDatagrams(t *testing.T) {
	server, refused := udpServer(t), freeport.Address(t)
	path := filepath.Join(t.TempDir(), "datagrams")
	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	both(t, allowWeb("udp:"+server, "udp:"+refused, "unix:"+path), func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "udp", "udp", server),
			"datagram of 1 bytes: 1, <nil>", "datagram of 0 bytes: 0, <nil>", "datagram of 1400 bytes: 1400, <nil>", "datagram of 50000 bytes: 50000, <nil>",
			`cut: "0123", <nil>`,
			`nothing: "read udp 127.0.0.1:PORT->`+server+`: i/o timeout" is [os.ErrDeadlineExceeded] timeout=true op=read net=udp`)
		sys.want(sys.do("web", "udp unconnected", "udp", server),
			`"datagram 0" from `+server+", <nil>", `"datagram 1" from `+server+", <nil>", `"datagram 2" from `+server+", <nil>",
			`message: "a longer datagram" from `+server+", <nil>", "write: fails: true")
		sys.want(sys.do("web", "udp refused", "udp", refused), "refused: true")
		sys.want(sys.do("web", "unixgram", path), "sent: 7, <nil>")
		p := make([]byte, 100)
		if err := datagrams.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if n, err := datagrams.Read(p); err != nil || string(p[:n]) != "by path" {
			t.Errorf("got %q, %v", p[:n], err)
		}
	})
}

// TestListeners has functions listen where the host lets them, and elsewhere for themselves.
func TestListeners(t *testing.T) {
	address, path := freeport.Address(t), filepath.Join(t.TempDir(), "listener")
	s := setup{listen: map[string][]string{"web": {address, "unix:" + path}}}
	both(t, s, func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "loopback"), "echo of 10000 bytes: equal: true", "loopback: <nil>", "accept: closed: true")
		sys.want(sys.do("web", "listen", "tcp", address), "listening: tcp")
		sys.want(sys.do("web", "listen", "unix", path), "listening: unix")
		for _, where := range [][2]string{{"tcp", address}, {"unix", path}} {
			for i := range 20 {
				conn, err := net.Dial(where[0], where[1])
				if err != nil {
					t.Fatal(err)
				}
				sent := fmt.Sprintf("connection %06d", i)
				got := make([]byte, len(sent))
				if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(conn, sent); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(conn, got); err != nil || string(got) != sent {
					t.Fatalf("%s: got %q, %v", where[0], got, err)
				}
				conn.Close()
			}
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	})
}

func TestInterfaces(t *testing.T) {
	both(t, allowWeb("127.0.0.1:1"), func(t *testing.T, sys *system) {
		if got := sys.do("web", "interfaces"); len(got) < 2 {
			t.Errorf("got %q", got)
		}
	})
}
