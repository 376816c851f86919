package host

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/wasi"
)

// Where the guests of these tests have subscriptions, events and their number.
const (
	subscriptionsAt = 1 << 12
	pollEventsAt    = 1 << 13
	pollCountAt     = 1 << 14
)

// subscribe makes subscriptions, whose user data are 100 and up.
func subscribe(subs ...[]byte) []byte {
	for n, s := range subs {
		binary.LittleEndian.PutUint64(s, uint64(100+n))
	}
	return slices.Concat(subs...)
}

// Offsets in subscriptions and events, of the witx of WASI preview 1.
const (
	subscriptionTag  = 8
	subscriptionUnit = 16
	clockTimeout     = 24
	clockFlags       = 40
	clockIsAbsolute  = 1
	eventErrno       = 8
)

func toClock(d time.Duration, flags uint16) []byte {
	s := make([]byte, wasi.SubscriptionSize)
	s[subscriptionTag] = wasi.TagClock
	binary.LittleEndian.PutUint64(s[clockTimeout:], uint64(d))
	binary.LittleEndian.PutUint16(s[clockFlags:], flags)
	return s
}

func toRead(fd uint32, tag byte) []byte {
	s := make([]byte, wasi.SubscriptionSize)
	s[subscriptionTag] = tag
	binary.LittleEndian.PutUint32(s[subscriptionUnit:], fd)
	return s
}

// What poll_oneoff answers: the user data of one event or 0 for none, and its error.
func TestPoll(t *testing.T) {
	const d = 5 * time.Millisecond
	standby, settled := toRead(standbyFD, wasi.TagRead), toRead(settledFD, wasi.TagRead)
	for _, tt := range []struct {
		name  string
		list  []byte
		event uint64
		errno uint16
		wakes bool // the instance is to run after d
	}{
		{"standby", subscribe(standby), 100, 0, false},
		{"settled", subscribe(settled), 100, 0, false},
		{"settled goes first", subscribe(standby, settled), 101, 0, false},
		{"with a timer", subscribe(toClock(d, 0), standby), 101, 0, true},
		{"in passing", subscribe(standby, toClock(0, 0)), 0, 0, false},
		{"sleep", subscribe(toClock(d, 0)), 100, 0, false},
		{"absolute time", subscribe(standby, toClock(d, clockIsAbsolute)), 101, uint16(sockets.ErrnoBadf), false},
		{"another descriptor", subscribe(standby, toRead(0, wasi.TagRead)), 101, uint16(sockets.ErrnoBadf), false},
		{"writing", subscribe(toRead(standbyFD, wasi.TagWrite)), 100, uint16(sockets.ErrnoBadf), false},
		{"another kind", subscribe(toRead(standbyFD, 77)), 100, uint16(sockets.ErrnoBadf), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newFakeInstance(newFakeFunction(t, 1))
			i.wake = time.Now()
			copy(i.Bytes()[subscriptionsAt:], tt.list)
			begin := time.Now()
			errno, err := i.poll(subscriptionsAt, pollEventsAt, uint32(len(tt.list)/wasi.SubscriptionSize), pollCountAt)
			if errno != 0 || err != nil {
				t.Fatalf("got %d, %v", errno, err)
			}
			if tt.name == "sleep" && time.Since(begin) < d {
				t.Error("it did not sleep")
			}
			n := binary.LittleEndian.Uint32(i.Bytes()[pollCountAt:])
			e := i.Bytes()[pollEventsAt:]
			if event := binary.LittleEndian.Uint64(e); event != tt.event || (n == 1) != (event != 0) {
				t.Errorf("got %d events, %d", n, event)
			}
			if errno := binary.LittleEndian.Uint16(e[eventErrno:]); errno != tt.errno {
				t.Errorf("got error %d", errno)
			}
			if in := i.wake.Sub(begin); tt.wakes != (in >= d && in < time.Minute) {
				t.Errorf("the instance is to run in %v", in)
			}
		})
	}
}

// Pointers of hostile guests are errors, and so is nothing or too much to wait for.
func TestPoll_Errors(t *testing.T) {
	i := newFakeInstance(newFakeFunction(t, 1))
	copy(i.Bytes()[subscriptionsAt:], subscribe(toRead(settledFD, wasi.TagRead)))
	for _, tt := range []struct {
		name              string
		in, out, n, count uint32
		errno             sockets.Errno
	}{
		{"nothing", subscriptionsAt, pollEventsAt, 0, pollCountAt, sockets.ErrnoInval},
		{"too much", subscriptionsAt, pollEventsAt, 1<<16 + 1, pollCountAt, sockets.ErrnoInval},
		{"as much as there is", subscriptionsAt, pollEventsAt, 0xffffffff, pollCountAt, sockets.ErrnoInval},
		{"subscriptions", fakeMemory - wasi.SubscriptionSize + 1, pollEventsAt, 1, pollCountAt, 0},
		{"subscriptions that wrap", 0xffffffff, pollEventsAt, 1, pollCountAt, 0},
		{"many subscriptions", subscriptionsAt, pollEventsAt, 1 << 16, pollCountAt, 0},
		{"events", subscriptionsAt, fakeMemory - 1, 1, pollCountAt, 0},
		{"number", subscriptionsAt, pollEventsAt, 1, fakeMemory - 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			errno, err := i.poll(tt.in, tt.out, tt.n, tt.count)
			if errno != tt.errno || (err == nil) != (tt.errno != 0) {
				t.Errorf("got %d, %v", errno, err)
			}
		})
	}
}

// A guest that cannot give its thread back waits for events or time, or until it is told to stop.
func TestPoll_captive(t *testing.T) {
	f := newFakeFunction(t, 1)
	i := newFakeInstance(f)
	i.reallocating = 1
	wait := func(list []byte) (event uint64, err error) {
		copy(i.Bytes()[subscriptionsAt:], list)
		_, err = i.poll(subscriptionsAt, pollEventsAt, uint32(len(list)/wasi.SubscriptionSize), pollCountAt)
		return binary.LittleEndian.Uint64(i.Bytes()[pollEventsAt:]), err
	}
	if e, err := wait(subscribe(toRead(settledFD, wasi.TagRead), toClock(time.Millisecond, 0))); e != 101 || err != nil {
		t.Errorf("time: got %d, %v", e, err)
	}
	time.AfterFunc(time.Millisecond, func() { f.pool.post(i, event{eventStream, 1}) })
	if e, err := wait(subscribe(toRead(settledFD, wasi.TagRead))); e != 100 || err != nil || i.block(i.Bytes()).u32(controlEvents) != 1 {
		t.Errorf("event: got %d, %v", e, err)
	}
	i.allEvents()
	for _, list := range [][]byte{subscribe(toRead(settledFD, wasi.TagRead)), subscribe(toClock(1<<62, 0))} {
		time.AfterFunc(time.Millisecond, func() {
			f.host.watch.mu.Lock()
			i.stopped = true
			f.host.watch.mu.Unlock()
		})
		if _, err := wait(list); err == nil {
			t.Error("stopped: no error")
		}
		i.stopped = false
	}
}

// Events go to the guest as far as it has room, in order.
func TestGiveEvents(t *testing.T) {
	i := newFakeInstance(newFakeFunction(t, 1))
	for n := range uint32(40) {
		i.fn.pool.post(i, event{eventStream, n})
	}
	if i.setEvents(); i.block(i.Bytes()).u32(controlEvents) != 40 {
		t.Error("the guest does not know")
	}
	next := uint32(0)
	for _, tt := range []struct{ room, want, rest uint32 }{{0, 0, 40}, {3, 3, 37}, {0xffffffff, 32, 5}, {32, 5, 0}, {32, 0, 0}} {
		n, err := i.giveEvents(addressesAt, tt.room)
		if rest := i.block(i.Bytes()).u32(controlEvents); n != tt.want || err != nil || rest != tt.rest {
			t.Errorf("got %d, %v, and %d are left", n, err, rest)
		}
		for j := range n {
			b := controlBlock(i.Bytes()[addressesAt+8*j:])
			if b.u32(0) != eventStream || b.u32(4) != next {
				t.Errorf("got event %d, %d, want %d", b.u32(0), b.u32(4), next)
			}
			next++
		}
	}
	i.fn.pool.post(i, event{eventStream, 1})
	if _, err := i.giveEvents(fakeMemory-7, 1); err == nil {
		t.Error("an event is stored out of bounds")
	}
}

// Whatever a guest subscribes to, and wherever: it gets an answer or an error.
func FuzzPoll(f *testing.F) {
	f.Add(subscribe(toRead(standbyFD, wasi.TagRead), toClock(time.Second, 0)), uint32(subscriptionsAt), uint32(pollEventsAt), uint32(2), uint32(pollCountAt))
	f.Add(subscribe(toRead(3, wasi.TagRead), toClock(1, clockIsAbsolute)), uint32(subscriptionsAt), uint32(subscriptionsAt), uint32(2), uint32(subscriptionsAt))
	f.Add(subscribe(toRead(settledFD, wasi.TagRead)), uint32(fakeMemory-wasi.SubscriptionSize), uint32(0xffffffff), uint32(1), uint32(0))
	f.Add(bytes.Repeat([]byte{0xff}, 100), uint32(0), uint32(controlAt), uint32(1<<16), uint32(controlAt))
	fn := newFakeFunction(f, 1)
	i := newFakeInstance(fn)
	i.stopped = true // so that nobody sleeps
	clean := bytes.Clone(i.Bytes())
	f.Fuzz(func(t *testing.T, list []byte, in, out, n, count uint32) {
		copy(i.Bytes(), clean)
		if in < fakeMemory {
			copy(i.Bytes()[in:], list)
		}
		errno, err := i.poll(in, out, n, count)
		if err != nil || errno != 0 {
			return
		}
		end := func(at uint32, size uint64) bool { return uint64(at)+size <= fakeMemory }
		if !end(in, uint64(n)*wasi.SubscriptionSize) || !end(out, uint64(n)*wasi.EventSize) || !end(count, 4) {
			t.Fatal("no error for an address out of bounds")
		}
		if got := binary.LittleEndian.Uint32(i.Bytes()[count:]); got > 1 && (count+4 <= out || out+wasi.EventSize <= count) {
			t.Fatalf("got %d events", got)
		}
	})
}
