package host

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/wasi"
)

// everything is allowed.
type everything struct{}

func (everything) Dial(string, string) error                 { return nil }
func (everything) Lookup(string) error                       { return nil }
func (everything) Answered(string, []netip.Addr)             {}
func (everything) Listen(n, a string) (_, _ string, _ error) { return n, a, nil }

// connect gives an instance a connected socket, with the other end of the connection.
func connect(t *testing.T, i *instance) (fd uint32, peer net.Conn) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	fd, errno := i.Sockets(true).Dial("tcp", "", lis.Addr().String())
	if errno != 0 {
		t.Fatal(errno)
	}
	if peer, err = lis.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	eventually(t, "there is no connection", func() bool { ready, _ := i.sockets.Ready(fd, true); return ready })
	return fd, peer
}

// newNetworkFunction is a fake function that may do everything, with an instance that the caller owns.
func newNetworkFunction(t *testing.T) (*function, *instance) {
	f := newFakeFunction(t, 1)
	f.network = sockets.New(sockets.Config{Policy: everything{}})
	t.Cleanup(func() {
		if err := f.network.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, f.take(t)
}

// pollFor has an instance poll for subscriptions, and returns the user data of the events.
func (i *instance) pollFor(t *testing.T, list []byte) (events []uint64) {
	t.Helper()
	copy(i.Bytes()[subscriptionsAt:], list)
	if errno, err := i.poll(subscriptionsAt, pollEventsAt, uint32(len(list)/wasi.SubscriptionSize), pollCountAt); errno != 0 || err != nil {
		t.Fatalf("got %d, %v", errno, err)
	}
	for n := range binary.LittleEndian.Uint32(i.Bytes()[pollCountAt:]) {
		events = append(events, binary.LittleEndian.Uint64(i.Bytes()[pollEventsAt+n*wasi.EventSize:]))
	}
	return events
}

// Sockets that are ready are answered at once, all of them; when none is, the guest gives its thread back, and runs again when one is.
func TestSockets_poll(t *testing.T) {
	f, i := newNetworkFunction(t)
	fd, peer := connect(t, i)
	ran := make(chan []uint64, 16)
	i.resume = fakeExport(func([]uint64) error {
		i.allEvents()
		ran <- i.pollFor(t, subscribe(toRead(settledFD, wasi.TagRead), toRead(fd, wasi.TagRead)))
		return nil
	})

	both := subscribe(toRead(settledFD, wasi.TagRead), toRead(fd, wasi.TagRead), toRead(fd, wasi.TagWrite))
	if got := i.pollFor(t, both); len(got) != 1 || got[0] != 102 {
		t.Errorf("writable: got %v", got)
	}
	if got := i.pollFor(t, subscribe(toRead(settledFD, wasi.TagRead), toRead(fd, wasi.TagRead))); len(got) != 1 || got[0] != 100 {
		t.Errorf("nothing: got %v", got)
	}
	f.pool.put(i)
	select {
	case got := <-ran:
		t.Fatalf("it ran for nothing, and got %v", got)
	case <-time.After(20 * time.Millisecond):
	}
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-ran:
		if len(got) != 1 || got[0] != 101 {
			t.Errorf("readable: got %v", got)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody woke it")
	}
	f.pool.runs.Wait()
	i = f.take(t)
	if got := i.pollFor(t, both); len(got) != 2 || got[0] != 101 || got[1] != 102 {
		t.Errorf("readable and writable: got %v", got)
	}
	// In passing, and next to a clock.
	if got := i.pollFor(t, subscribe(toClock(0, 0), toRead(fd, wasi.TagRead))); len(got) != 1 || got[0] != 101 {
		t.Errorf("in passing: got %v", got)
	}
	// What was closed cannot be waited for.
	i.sockets.Close(fd)
	if got := i.pollFor(t, both); len(got) != 1 || got[0] != 101 || binary.LittleEndian.Uint16(i.Bytes()[pollEventsAt+eventErrno:]) != uint16(sockets.ErrnoBadf) {
		t.Errorf("closed: got %v", got)
	}
	f.pool.put(i)
}

// A guest that cannot give its thread back waits on it: for its sockets, or for time.
func TestSockets_captive(t *testing.T) {
	for _, tt := range []struct {
		name    string
		captive bool // else it is a guest that knows nothing of hosts that take their threads back
	}{{"Go", true}, {"foreign", false}} {
		t.Run(tt.name, func(t *testing.T) {
			f, i := newNetworkFunction(t)
			fd, peer := connect(t, i)
			list := subscribe(toRead(fd, wasi.TagRead), toClock(time.Millisecond, 0))
			if tt.captive {
				i.reallocating = 1
				list = subscribe(toRead(fd, wasi.TagRead), toClock(time.Millisecond, 0), toRead(settledFD, wasi.TagRead))
			} else {
				i.resume = nil
			}
			if got := i.pollFor(t, list); len(got) != 1 || got[0] != 101 {
				t.Errorf("time: got %v", got)
			}
			time.AfterFunc(5*time.Millisecond, func() { peer.Close() })
			binary.LittleEndian.PutUint64(list[wasi.SubscriptionSize+clockTimeout:], uint64(time.Hour))
			if got := i.pollFor(t, list); len(got) != 1 || got[0] != 100 {
				t.Errorf("socket: got %v", got)
			}
			i.reallocating = 0
			i.allEvents()
			f.pool.put(i)
		})
	}
}

// An instance that dies closes its sockets: whoever it talked to hears of it.
func TestSockets_lost(t *testing.T) {
	f, i := newNetworkFunction(t)
	_, peer := connect(t, i)
	if n := f.network.Open(); n != 1 {
		t.Fatalf("%d descriptors", n)
	}
	f.pool.discard(i, errStopped)
	if err := peer.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := peer.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v", n, err)
	}
	if n := f.network.Open(); n != 0 {
		t.Errorf("%d descriptors are left", n)
	}
}

// Who has no sockets has no table, whatever it reads.
func TestSockets_none(t *testing.T) {
	_, i := newNetworkFunction(t)
	for _, imp := range systemImports() {
		if imp.Name == "fd_read" {
			if err := imp.Func(i, []uint64{1 << 20, 0, 0, 0}); err != nil {
				t.Error(err)
			}
		}
	}
	if i.sockets != nil {
		t.Error("there is a table")
	}
}

// An instance that lingers hears of its sockets without being left, whether it looks at them or, as there are many, is told.
func TestSockets_linger(t *testing.T) {
	for _, n := range []int{1, maxProbed + 1} {
		f, i := newNetworkFunction(t)
		var list [][]byte
		var peers []net.Conn
		for range n {
			fd, peer := connect(t, i)
			list, peers = append(list, toRead(fd, wasi.TagRead)), append(peers, peer)
		}
		list = append(list, toRead(settledFD, wasi.TagRead))
		all := subscribe(list...)
		// It does not on a machine that has other things to do for 200 us.
		heard := false
		for try := 0; try < 1000 && !heard; try++ {
			i.lingers = true
			time.AfterFunc(lingerTime/4, func() {
				if _, err := peers[n-1].Write([]byte("x")); err != nil {
					t.Error(err)
				}
			})
			got := i.pollFor(t, all)
			heard = len(got) == 1 && got[0] == uint64(100+n-1)
			// Not once it is ready: the watcher may say so of the byte before.
			eventually(t, "the byte does not come", func() bool {
				_, errno := i.sockets.Read(socketOf(list[n-1]), [][]byte{make([]byte, 1)})
				if errno != 0 && errno != sockets.ErrnoAgain {
					t.Fatal(errno)
				}
				return errno == 0
			})
			if heard && try == 0 && i.eventCount.Load() > 0 { // later it may be of the try before
				t.Errorf("%d sockets: it is told again", n)
			}
			i.allEvents()
		}
		if !heard {
			t.Errorf("%d sockets: it never heard while it lingered", n)
		}
		f.pool.put(i)
	}
}

// socketOf is the descriptor of a subscription.
func socketOf(subscription []byte) uint32 {
	return binary.LittleEndian.Uint32(subscription[subscriptionUnit:])
}
