package network

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/freeport"
)

// A listener that gRPC shares with others by cmux: the host serves gRPC as that of any function, and the rest of the port is the function's
// own, served where the operator maps it.
func TestSharedListener(t *testing.T) {
	mapped := freeport.Address(t)
	s := setup{host: []string{"-listen", "front:50060=" + mapped}}
	both(t, s, func(t *testing.T, sys *system) {
		sys.do("front", "nothing")
		address := mapped
		if sys.native {
			address = sys.address
		}
		for _, path := range []string{"/one", "/two"} { // on one connection
			resp, err := http.Get("http://" + address + path)
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			sys.record(fmt.Sprintf("%s %s %v", resp.Proto, page, err))
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		// cmux reads as much as the preface of HTTP/2 before it knows that this is none.
		if _, err := io.WriteString(conn, "hello, this is a line of text\n"); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		sys.record(fmt.Sprintf("%q %v", line, err))
		sys.want(sys.lines[len(sys.lines)-3:], "HTTP/1.1 page /one <nil>", "HTTP/1.1 page /two <nil>", `"line hello, this is a line of text\n" <nil>`)
		sys.do("front", "nothing")
	})
}
