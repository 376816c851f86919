package network

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// hole is a network namespace behind a pair of interfaces, which can be cut off. All of it is of this test's making, and goes away with it.
type hole struct {
	namespace string
	// device and inside are the interface in the namespace, and its address.
	device, inside string
	// address is that of a server that returns what it gets, in the namespace.
	address string
	// nowhere is an address that leads into the namespace, where nobody has it.
	nowhere string
}

func newHole(t *testing.T) *hole {
	t.Helper()
	needRoot(t, "makes network namespaces")
	// Addresses of the block for benchmarks of networks, which nobody has.
	id := os.Getpid() % 250
	network := fmt.Sprintf("198.18.%d.", id)
	outside := fmt.Sprint("cofo", id)
	h := &hole{namespace: fmt.Sprint("cofaas-", os.Getpid()), device: fmt.Sprint("cofi", id), inside: network + "2/24"}
	h.ip(t, "netns", "add", h.namespace)
	t.Cleanup(func() { h.ip(t, "netns", "del", h.namespace) })
	h.ip(t, "link", "add", outside, "type", "veth", "peer", "name", h.device, "netns", h.namespace)
	h.ip(t, "addr", "add", network+"1/24", "dev", outside)
	h.ip(t, "link", "set", outside, "up")
	h.ip(t, "-n", h.namespace, "link", "set", "lo", "up")
	h.ip(t, "-n", h.namespace, "link", "set", h.device, "up")
	h.open(t)
	// Neighbours that are known, else whoever does not answer would be unreachable.
	out, err := exec.Command(command(t, "ip", "iproute2"), "netns", "exec", h.namespace, "cat", "/sys/class/net/"+h.device+"/address").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"2", "3"} {
		h.ip(t, "neigh", "add", network+n, "lladdr", strings.TrimSpace(string(out)), "nud", "permanent", "dev", outside)
	}
	lis, err := listenIn(h.namespace, network+"2:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, lis, func(conn net.Conn) { io.Copy(conn, conn) })
	h.address = lis.Addr().String()
	h.nowhere = network + "3:9"
	return h
}

// close has no packet get through from now on: the namespace drops what is not for it.
func (h *hole) close(t *testing.T) {
	t.Helper()
	h.ip(t, "-n", h.namespace, "addr", "del", h.inside, "dev", h.device)
}

// open ends close.
func (h *hole) open(t *testing.T) {
	t.Helper()
	h.ip(t, "-n", h.namespace, "addr", "add", h.inside, "dev", h.device)
}

func (h *hole) ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(command(t, "ip", "iproute2"), args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v\n%s", args, err, out)
	}
}

// listenIn listens in a network namespace.
func listenIn(namespace, address string) (lis net.Listener, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		var file *os.File
		if file, err = os.Open("/var/run/netns/" + namespace); err != nil {
			return
		}
		defer file.Close()
		if err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
			return
		}
		lis, err = net.Listen("tcp", address)
	}()
	<-done
	return lis, err
}
