package host

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cofaas/cofaas/host/internal/wasi"
)

// Hostile guests that know of sockets: they invent descriptors, lengths and addresses, and may do nothing.

// The imports of these guests, by index.
const (
	netDial = iota
	netListen
	netStatus
	netRecvFrom
	netSendTo
	netSetOption
	netLookup
	netInterfaces
	netMessage
	netRead
	netWrite
	netClose
	netAccept
	netShutdown
	netFdstat
	netPoll
)

// Where they have their strings and buffers.
const (
	netNameAt  = 1024 // "tcp"
	netAddrAt  = 1040 // an address, of netAddrLen bytes
	netAddrLen = 15
	netBadAt   = 1104 // what is not UTF-8
	netIovecAt = 1120 // a buffer of 16 bytes, one that is wild, and one that wraps
	netOutAt   = 1200
	errnosAt   = 2048 // an errno for each call, in a byte
)

// netCall is a call of an import, with what its errno has to be.
type netCall struct {
	name string
	to   uint32
	args []uint32
	want byte
}

const (
	badf    = 8
	fault   = 21
	inval   = 28
	acces   = 2
	anyFail = 255 // not success
)

// netCalls are made one after the other by one instance. No descriptor is ever opened: the policy allows nothing.
var netCalls = []netCall{
	{"dial", netDial, []uint32{netNameAt, 3, 0, 0, netAddrAt, netAddrLen, netOutAt}, acces},
	{"network out of bounds", netDial, []uint32{memoryEnd - 1, 3, 0, 0, netAddrAt, netAddrLen, netOutAt}, fault},
	{"network that wraps", netDial, []uint32{0xffffffff, 3, 0, 0, netAddrAt, netAddrLen, netOutAt}, fault},
	{"network of 4 GiB", netDial, []uint32{netNameAt, 0xffffffff, 0, 0, netAddrAt, netAddrLen, netOutAt}, fault},
	{"network of the whole memory", netDial, []uint32{0, memoryEnd, 0, 0, netAddrAt, netAddrLen, netOutAt}, fault},
	{"network that is none", netDial, []uint32{netAddrAt, netAddrLen, 0, 0, netAddrAt, netAddrLen, netOutAt}, anyFail},
	{"address out of bounds", netDial, []uint32{netNameAt, 3, 0, 0, memoryEnd, 1, netOutAt}, fault},
	{"address that is not UTF-8", netDial, []uint32{netNameAt, 3, 0, 0, netBadAt, 2, netOutAt}, fault},
	{"address that is none", netDial, []uint32{netNameAt, 3, 0, 0, netNameAt, 3, netOutAt}, anyFail},
	{"local address that is none", netDial, []uint32{netNameAt, 3, netNameAt, 3, netAddrAt, netAddrLen, netOutAt}, anyFail},
	{"empty address", netDial, []uint32{netNameAt, 3, 0, 0, 0, 0, netOutAt}, anyFail},
	{"result out of bounds", netDial, []uint32{netNameAt, 3, 0, 0, netAddrAt, netAddrLen, memoryEnd - 3}, fault},
	{"listen", netListen, []uint32{netNameAt, 3, netAddrAt, netAddrLen, netOutAt}, anyFail},
	{"listen, result that wraps", netListen, []uint32{netNameAt, 3, netAddrAt, netAddrLen, 0xfffffffd}, fault},
	{"status of nothing", netStatus, []uint32{1 << 20, netOutAt, 64, netOutAt + 64}, badf},
	{"status into the wild", netStatus, []uint32{1 << 20, memoryEnd - 1, 64, netOutAt}, fault},
	{"receive from nothing", netRecvFrom, []uint32{1 << 20, netOutAt, 16, netOutAt, 16, netOutAt + 32}, badf},
	{"receive 4 GiB", netRecvFrom, []uint32{1 << 20, netOutAt, 0xffffffff, netOutAt, 16, netOutAt + 32}, fault},
	{"receive, out at the end", netRecvFrom, []uint32{1 << 20, netOutAt, 16, netOutAt, 16, memoryEnd - 8}, fault},
	{"send to nothing", netSendTo, []uint32{1 << 20, netOutAt, 16, netAddrAt, netAddrLen, netOutAt}, badf},
	{"send 4 GiB", netSendTo, []uint32{1 << 20, 4, 0xfffffffc, netAddrAt, netAddrLen, netOutAt}, fault},
	{"look up a kind that is none", netLookup, []uint32{99, netNameAt, 0, netAddrAt, netAddrLen, netOutAt}, anyFail},
	{"look up", netLookup, []uint32{1, netNameAt, 0, netNameAt, 3, netOutAt}, acces},
	{"look up in the wild", netLookup, []uint32{1, 0, 0, 0x80000000, 1, netOutAt}, fault},
	{"look up what is not UTF-8", netLookup, []uint32{1, 0, 0, netBadAt, 2, netOutAt}, fault},
	{"interfaces into the wild", netInterfaces, []uint32{memoryEnd - 4, 64, netOutAt}, fault},
	{"interfaces, length that wraps", netInterfaces, []uint32{0, 0, 0xffffffff}, fault},
	{"message into the wild", netMessage, []uint32{0xffffffff, 0xfffffff0, 0x20, netOutAt}, fault},
	{"read a descriptor that is invented", netRead, []uint32{1<<20 + 1, netIovecAt, 1, netOutAt}, badf},
	{"read the last one", netRead, []uint32{0x7ffeffff, netIovecAt, 1, netOutAt}, badf},
	{"read by a wild list", netRead, []uint32{1 << 20, memoryEnd - 4, 1, netOutAt}, anyFail},
	{"read by a list that is too long", netRead, []uint32{1 << 20, netIovecAt, 0x20000000, netOutAt}, anyFail},
	{"read into the wild", netRead, []uint32{1 << 20, netIovecAt + 8, 1, netOutAt}, anyFail},
	{"write from what wraps", netWrite, []uint32{1 << 20, netIovecAt + 16, 1, netOutAt}, anyFail},
	{"write a descriptor that is invented", netWrite, []uint32{1 << 20, netIovecAt, 1, netOutAt}, badf},
	{"close", netClose, []uint32{1 << 20}, badf},
	{"close a negative one", netClose, []uint32{0xffffffff}, badf},
	{"accept", netAccept, []uint32{1 << 20, 0, netOutAt}, badf},
	{"shut down", netShutdown, []uint32{1 << 20, 3}, badf},
	{"ask for the state", netFdstat, []uint32{1 << 20, netOutAt}, badf},
	{"ask for the state into the wild", netFdstat, []uint32{1 << 20, memoryEnd - 4}, anyFail},
	{"poll for nothing", netPoll, []uint32{0, netOutAt, 0, netOutAt}, inval},
}

func TestHostile_net(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0") // what must not be reached
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	w := &wasm{}
	for _, imp := range []struct {
		module, name string
		s            signature
	}{
		{wasi.NetModule, "dial", i32s(7, 1)},
		{wasi.NetModule, "listen", i32s(5, 1)},
		{wasi.NetModule, "status", i32s(4, 1)},
		{wasi.NetModule, "recv-from", i32s(6, 1)},
		{wasi.NetModule, "send-to", i32s(6, 1)},
		{wasi.NetModule, "set-option", signature{[]byte{i32, i32, i64}, []byte{i32}}},
		{wasi.NetModule, "lookup", i32s(6, 1)},
		{wasi.NetModule, "interfaces", i32s(3, 1)},
		{wasi.NetModule, "message", i32s(4, 1)},
		{"wasi_snapshot_preview1", "fd_read", i32s(4, 1)},
		{"wasi_snapshot_preview1", "fd_write", i32s(4, 1)},
		{"wasi_snapshot_preview1", "fd_close", i32s(1, 1)},
		{"wasi_snapshot_preview1", "sock_accept", i32s(3, 1)},
		{"wasi_snapshot_preview1", "sock_shutdown", i32s(2, 1)},
		{"wasi_snapshot_preview1", "fd_fdstat_get", i32s(2, 1)},
		{"wasi_snapshot_preview1", "poll_oneoff", i32s(4, 1)},
	} {
		w.imported(imp.module, imp.name, imp.s)
	}
	var act code
	for i, c := range netCalls {
		act = append(act, i32Const(errnosAt+uint32(i))...)
		for _, arg := range c.args {
			act = append(act, i32Const(arg)...)
		}
		act = append(append(act, call(c.to)...), store8(0)...)
	}
	module := newGuestModule(w, methodCode{"front#echo", returnBlob(localGet(0), localGet(1))},
		methodCode{"front#act", seq(act, returnBlob(i32Const(errnosAt), i32Const(uint32(len(netCalls)))))})
	address := lis.Addr().String()
	module.bytes(netNameAt, []byte("tcp"))
	module.bytes(netAddrAt, []byte(address + strings.Repeat(" ", netAddrLen))[:netAddrLen])
	module.bytes(netBadAt, []byte{0xff, 0xfe})
	module.words(netIovecAt, netOutAt, 16, memoryEnd-8, 16, 0xfffffff0, 0x20)

	s := serve(t, newApp(t, guests{{aloneSpec, module.binary()}}), Options{MaxInstances: 1, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for range 3 {
		errnos, err := s.call(ctx, "Front/Act", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range netCalls {
			if got := errnos[i]; got != c.want && !(c.want == anyFail && got != 0) {
				t.Errorf("%s: errno %d, want %d", c.name, got, c.want)
			}
		}
		s.checkEcho(t, "Front/Echo")
	}
	if n := s.functions["alone"].network.Open(); n != 0 {
		t.Errorf("%d descriptors are open", n)
	}
	if err := lis.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if conn, err := lis.Accept(); err == nil {
		conn.Close()
		t.Error("a guest connected that may not")
	}
}
