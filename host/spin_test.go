package host

import (
	"testing"
	"time"
)

// A receiver that spins takes the message without having been told of it.
func TestSpin(t *testing.T) {
	client, server := newTestEnds(t)
	var buf [maxBatch]*parcel
	for range 100 {
		server.spin = spin{on: true}
		put := make(chan struct{})
		go func() {
			client.stream.put(&client.stream.up, sized(1))
			close(put)
		}()
		n, state := server.await(buf[:])
		<-put
		events := server.inst.allEvents()
		switch {
		case state == streamDone && (n != 1 || len(events) != 0):
			t.Fatalf("got %d messages, and %d events", n, len(events))
		case state == streamBlocked: // The other goroutine was late, and there is an event instead.
			if len(events) != 1 {
				t.Fatalf("got %d events", len(events))
			}
			server.await(buf[:])
		}
	}
}

// Spinning in vain is tried ever more rarely, until it is not in vain. Messages that come long after the guest was told that there are
// none are no reason for it.
func TestSpin_vain(t *testing.T) {
	client, server := newTestEnds(t)
	s := client.stream
	var buf [maxBatch]*parcel
	for _, want := range []int{1, 3, 7} {
		for server.spin.skip > 0 {
			server.spin.on = true
			before := server.spin.skip
			if _, state := server.await(buf[:]); state != streamBlocked || server.spin.skip != before-1 {
				t.Fatalf("state %d, %d times to skip after %d", state, server.spin.skip, before)
			}
		}
		server.spin.on = true
		if _, state := server.await(buf[:]); state != streamBlocked || server.spin.on || server.spin.skip != want {
			t.Fatalf("state %d, spin %+v, want %d times to skip", state, server.spin, want)
		}
	}
	if server.spin.since.IsZero() {
		t.Error("when the guest was told that there are no messages is not known")
	}
	server.spin.since = time.Now().Add(time.Hour) // soon, however long it takes to get there
	s.put(&s.up, sized(1))
	if _, state := server.await(buf[:]); state != streamDone || !server.spin.on {
		t.Errorf("state %d, spin %+v after a message that came soon", state, server.spin)
	}
	server.spin = spin{since: time.Now().Add(-time.Hour)}
	s.put(&s.up, sized(1))
	if _, state := server.await(buf[:]); state != streamDone || server.spin.on {
		t.Errorf("state %d, spin %+v after a message that came late", state, server.spin)
	}
}

// Spinning ends when there is something else to do, and when there are no more messages.
func TestSpin_ends(t *testing.T) {
	client, server := newTestEnds(t)
	s, p := client.stream, server.inst.fn.pool
	var buf [maxBatch]*parcel
	p.post(server.inst, event{eventWake, 0})
	server.spin.on = true
	if _, state := server.await(buf[:]); state != streamBlocked {
		t.Errorf("with an event: state %d", state)
	}
	s.closeQueue(&s.up)
	server.spin = spin{on: true}
	if _, state := server.await(buf[:]); state != streamOver {
		t.Errorf("at the end: state %d", state)
	}
	if spinUntil(time.Now().Add(time.Microsecond), func() bool { return false }) || !spinUntil(time.Now(), func() bool { return true }) {
		t.Error("spinUntil says the contrary")
	}
}
