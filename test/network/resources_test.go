package network

import (
	"flag"
	"fmt"
	"strconv"
	"syscall"
	"testing"
)

var interrupt = syscall.SIGINT

var bulkBytes = flag.Int64("bulk", 200<<20, "`bytes` that are moved each way; 10737418240 are 10 GiB")

// TestCrowd opens 1,000 connections at once, and leaves none behind.
func TestCrowd(t *testing.T) {
	address := echoServer(t)
	s := allowWeb(address)
	s.host = []string{"-max-descriptors", "web=1100"}
	both(t, s, func(t *testing.T, sys *system) {
		sys.want(sys.do("web", "crowd", "tcp", address, "10"), "10 connections: <nil>")
		before := sys.descriptors("web")
		sys.want(sys.do("web", "crowd", "tcp", address, "1000"), "1000 connections: <nil>")
		eventually(t, "all connections are closed", func() bool { return sys.descriptors("web") <= before+2 })
	})
}

func TestBulk(t *testing.T) {
	address, n := bulkServer(t), strconv.FormatInt(*bulkBytes, 10)
	both(t, allowWeb(address), func(t *testing.T, sys *system) {
		for _, direction := range []string{"down", "up"} {
			sys.want(sys.do("web", "bulk", "tcp", address, direction, n), direction+" "+n+" bytes")
		}
	})
}

// TestDescriptorLimit has a function open as many connections as it may, and one more.
func TestDescriptorLimit(t *testing.T) {
	address := echoServer(t)
	s := setup{allow: map[string][]string{"web": {address}, "front": {address}}, host: []string{"-max-descriptors", "web=50"}}
	inHost(t, s, func(t *testing.T, sys *system) {
		for range 3 {
			sys.want(sys.do("web", "hold", "tcp", address, "60"), "connection 50",
				`dial: "dial tcp `+address+`: connect: too many open files" is [EMFILE] timeout=false op=dial net=tcp`)
			sys.want(sys.do("web", "held"), "50 connections answer") // which there are, are as they were
			sys.want(sys.do("front", "dial", "tcp", address), "dial: no error")
			sys.do("web", "release")
		}
	})
}

// TestDescriptorLimit_isolates does the same with a process, in which files and the runtime have descriptors too.
func TestDescriptorLimit_isolates(t *testing.T) {
	address := echoServer(t)
	s := setup{allow: map[string][]string{"web": {address}, "front": {address}}, host: []string{"-max-descriptors", "web=50"}}
	inIsolates(t, s, func(t *testing.T, sys *system) {
		for range 3 {
			got := sys.do("web", "hold", "tcp", address, "60")
			var held int
			if _, err := fmt.Sscanf(got[0], "connection %d", &held); err != nil || held < 20 || held >= 50 {
				t.Errorf("got %q", got)
			}
			sys.want(got[1:], `dial: "dial tcp `+address+`: socket: too many open files" is [EMFILE] timeout=false op=dial net=tcp`)
			sys.want(sys.do("web", "held"), fmt.Sprint(held, " connections answer"))
			sys.want(sys.do("front", "dial", "tcp", address), "dial: no error")
			sys.do("web", "release")
		}
	})
}

// TestLeaks has tasks succeed and fail many times, after which there is nothing open that was not before.
func TestLeaks(t *testing.T) {
	server, reset, silent := echoServer(t), resetServer(t), silentServer(t)
	web := newHTTPServer(t, false, shortIdle)
	both(t, allowWeb(server, reset, silent, web.address), func(t *testing.T, sys *system) {
		round := func() {
			sys.do("web", "echo", "tcp", server, "1000")
			sys.do("web", "read", "tcp", reset)
			sys.do("web", "deadlines", "tcp", server)
			sys.do("web", "dial", "tcp", server, "1m")
			sys.look("web", "http get", web.url+"/hello", "2") // over as many connections as the server's idle time makes necessary
			sys.do("web", "http timeout", "http://"+silent+"/")
			sys.do("web", "loopback")
		}
		round()
		before := sys.descriptors("web")
		for range 10 {
			round()
		}
		eventually(t, fmt.Sprintf("no more than %d descriptors", before), func() bool { return sys.descriptors("web") <= before+2 })
	})
}

// TestDeath has an instance end that has connections: they end with it.
func TestDeath(t *testing.T) {
	address := echoServer(t)
	inHosts(t, allowWeb(address), func(t *testing.T, sys *system) {
		before := sys.descriptors("web")
		sys.want(sys.do("web", "hold", "tcp", address, "100"))
		sys.want(sys.do("web", "held"), "100 connections answer")
		if _, err := sys.try(t.Context(), "web", "panic"); err == nil {
			t.Error("a panic has no error")
		}
		eventually(t, "the connections are closed", func() bool { return sys.descriptors("web") <= before+5 })
		sys.want(sys.do("web", "held"), "0 connections answer")
	})
}
