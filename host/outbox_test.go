package host

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/cofaas/cofaas/host/internal/link"
)

// The outbox of a fake guest, and the records of what is in it.
const (
	boxAt     = 1 << 15
	recordsAt = boxAt + 1<<10
)

// gather has a guest gather messages, as package guest does. They begin with the stream's number.
func (e *streamEnd) gather(t *testing.T, data ...string) {
	t.Helper()
	i := e.inst
	for j, d := range data {
		at := uint32(recordsAt + 256*j)
		i.putBlob(at, d)
		words(i, boxAt+outboxAt+4*uint32(j), at)
	}
	words(i, boxAt+outboxNext, 0, e.id, uint32(len(data)))
	words(i, boxAt+outboxListed, 1)
	words(i, controlAt+controlOutboxes, boxAt)
}

func (i *instance) word(at uint32) uint32 { return controlBlock(i.Bytes()[at:]).u32(0) }

// received takes up to n messages.
func (e *streamEnd) received(t *testing.T, n uint32) (out []string) {
	t.Helper()
	got, err := e.receiveMessages(addressesAt, n, problemAt)
	if err != nil {
		t.Fatal(err)
	}
	for j := range got & 0xffff {
		out = append(out, e.inst.blob(t, e.inst.word(addressesAt+4*j)))
	}
	return out
}

func newTestOutbox(t *testing.T) (client, server *streamEnd) {
	t.Helper()
	client, server = newTestEnds(t)
	if err := client.setOutbox(boxAt); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// What is gathered is sent in order, by itself or with the message that comes after it, and the guest finds its outbox empty.
func TestOutbox(t *testing.T) {
	client, server := newTestOutbox(t)
	i := client.inst
	if got := i.word(boxAt + outboxLimit); got != 1 {
		t.Errorf("the limit is %d before there is a pace", got)
	}
	client.gather(t, "a", "", "c")
	if err := i.sendGathered(); err != nil {
		t.Fatal(err)
	}
	if i.word(boxAt+outboxLen) != 0 || i.word(boxAt+outboxListed) != 0 || i.word(controlAt+controlOutboxes) != 0 {
		t.Error("the guest is not told that its messages are sent")
	}
	client.gather(t, "d", "e")
	i.putBlob(messageAt, "f")
	if state, err := client.sendMessage(messageAt, problemAt); state != streamDone || err != nil {
		t.Fatalf("got %d, %v", state, err)
	}
	if err := i.sendGathered(); err != nil { // The list still has the outbox, in which there is nothing any more.
		t.Fatal(err)
	}
	if got := server.received(t, maxBatch); !slices.Equal(got, []string{"a", "", "c", "d", "e", "f"}) {
		t.Errorf("got %q", got)
	}
}

// A guest may receive fewer messages than have been sent at a time.
func TestOutbox_fewer(t *testing.T) {
	client, server := newTestOutbox(t)
	client.gather(t, "a", "b", "c", "d", "e")
	if err := client.inst.sendGathered(); err != nil {
		t.Fatal(err)
	}
	client.gather(t, "f")
	if err := client.inst.sendGathered(); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{"a", "b"}, {"c", "d"}, {"e"}, {"f"}, nil} {
		if got := server.received(t, 2); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A full window holds the next message up, and not those that are gathered: the guest could not keep them.
func TestOutbox_window(t *testing.T) {
	client, server := newTestOutbox(t)
	s := client.stream
	s.put(&s.up, sized(window))
	client.gather(t, "a", "b")
	client.inst.putBlob(messageAt, "c")
	if state, err := client.sendMessage(messageAt, problemAt); state != streamBlocked || err != nil {
		t.Fatalf("got %d, %v, want blocked", state, err)
	}
	client.gather(t, "c")
	if err := client.inst.sendGathered(); err != nil {
		t.Fatal(err)
	}
	if s.up.n != 4 {
		t.Errorf("there are %d messages, want 4", s.up.n)
	}
	var large [1]*parcel
	s.take(&s.up, large[:], 0)
	if got := server.received(t, maxBatch); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
	if got := client.inst.allEvents(); !slices.Equal(got, []event{{eventStream, client.id}}) {
		t.Errorf("the sender, who waits, is told %v", got)
	}
}

// When the call is over, what is gathered is dropped, and the sender hears why with the next message.
func TestOutbox_over(t *testing.T) {
	client, _ := newTestOutbox(t)
	client.stream.end(nil, nil)
	client.gather(t, "a")
	if err := client.inst.sendGathered(); err != nil {
		t.Fatal(err)
	}
	client.gather(t, "b")
	client.inst.putBlob(messageAt, "c")
	if state, err := client.sendMessage(messageAt, problemAt); state != streamOver || err != nil {
		t.Errorf("got %d, %v, want over", state, err)
	}
	if n := client.stream.up.n; n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

// A guest that was allowed to gather hears of the end all the same, although what it gathers is taken before there is much.
func TestOutbox_told(t *testing.T) {
	for name, send := range map[string]func(t *testing.T, e *streamEnd) error{
		"gathered": func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			return e.inst.sendGathered()
		},
		"sent": func(t *testing.T, e *streamEnd) error {
			e.inst.putBlob(messageAt, "a")
			_, err := e.sendMessage(messageAt, problemAt)
			return err
		},
	} {
		client, _ := newTestOutbox(t)
		if err := client.setLimit(outboxRoom); err != nil {
			t.Fatal(err)
		}
		client.gather(t, "a")
		if err := client.inst.sendGathered(); err != nil || client.outbox.limit != outboxRoom {
			t.Errorf("%s: the limit is %d before the end, %v", name, client.outbox.limit, err)
		}
		client.stream.end(nil, nil)
		if err := send(t, client); err != nil {
			t.Fatal(err)
		}
		if got := client.inst.word(boxAt + outboxLimit); got != 1 {
			t.Errorf("%s: the limit is %d after the end", name, got)
		}
	}
}

// The limit is what comes in a short time at the pace of the last messages.
func TestOutbox_pace(t *testing.T) {
	const room = outboxRoom
	for _, tt := range []struct {
		name  string
		ago   time.Duration // when messages were sent last
		n     int
		state int
		want  uint32
		set   func(*streamEnd)
	}{
		{name: "fast", ago: 0, n: 1e9, want: room}, // however long it takes to get there
		{name: "slow", ago: time.Hour, n: 1, want: 1},
		{name: "in between", ago: 2 * time.Hour, n: int(2 * time.Hour / (gatherTime / 4)), want: 4},
		{name: "after waiting", ago: 0, n: 1e9, state: streamBlocked, want: 1},
		{name: "to the network", ago: 0, n: 1e9, want: 1, set: func(e *streamEnd) { e.stream.isRemote = true }},
		{name: "with a limit that may matter", ago: 0, n: 1e9, want: 1, set: func(e *streamEnd) { e.inst.fn.host.opts.MaxMessage = 1000 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := newTestOutbox(t)
			if tt.set != nil {
				tt.set(client)
			}
			client.outbox.sent = time.Now().Add(-tt.ago)
			client.pace(tt.n, tt.state)
			if got := client.inst.word(boxAt + outboxLimit); got != tt.want {
				t.Errorf("the limit is %d, want %d", got, tt.want)
			}
		})
	}
	client, _ := newTestOutbox(t)
	client.pace(1, streamDone)
	if got := client.inst.word(boxAt + outboxLimit); got != 1 {
		t.Errorf("the limit is %d after the first message", got)
	}
}

// Whatever a guest makes of its outboxes is its own end.
func TestOutbox_Errors(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, e *streamEnd) error
	}{
		{"at 0", func(_ *testing.T, e *streamEnd) error { return e.setOutbox(0) }},
		{"not aligned", func(_ *testing.T, e *streamEnd) error { return e.setOutbox(boxAt + 2) }},
		{"out of bounds", func(_ *testing.T, e *streamEnd) error { return e.setOutbox(fakeMemory - outboxSize + 4) }},
		{"more than there is room for", func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			words(e.inst, boxAt+outboxLen, outboxRoom+1)
			return e.inst.sendGathered()
		}},
		{"more than there is room for, with a message", func(t *testing.T, e *streamEnd) error {
			words(e.inst, boxAt+outboxLen, 1<<31)
			_, err := e.sendMessage(messageAt, problemAt)
			return err
		}},
		{"a record out of bounds", func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			words(e.inst, boxAt+outboxAt, fakeMemory-4)
			return e.inst.sendGathered()
		}},
		{"a record out of bounds, with a message", func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			words(e.inst, boxAt+outboxAt, fakeMemory-4)
			_, err := e.sendMessage(messageAt, problemAt)
			return err
		}},
		{"a list without end", func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			words(e.inst, boxAt+outboxNext, boxAt)
			return e.inst.sendGathered()
		}},
		{"a list out of bounds", func(t *testing.T, e *streamEnd) error {
			words(e.inst, controlAt+controlOutboxes, fakeMemory-8)
			return e.inst.sendGathered()
		}},
		{"of no stream", func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			words(e.inst, boxAt+outboxStream, 77)
			return e.inst.sendGathered()
		}},
		{"one that was not made known", func(t *testing.T, e *streamEnd) error {
			e.gather(t, "a")
			words(e.inst, controlAt+controlOutboxes, boxAt+4)
			return e.inst.sendGathered()
		}},
		{"of a stream that leaves the host", func(t *testing.T, e *streamEnd) error {
			e.stream.isRemote = true
			e.gather(t, "a")
			return e.inst.sendGathered()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := newTestOutbox(t)
			if err := tt.do(t, client); link.FaultOf(err) != link.SourceFault {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The message that comes with gathered ones may be refused, which they are not.
func TestOutbox_refused(t *testing.T) {
	client, server := newTestOutbox(t)
	client.inst.fn.host.opts.MaxMessage = 100
	client.gather(t, "a")
	client.inst.putBlob(messageAt, fmt.Sprintf("%101d", 0))
	state, err := client.sendMessage(messageAt, problemAt)
	if state != streamFailed || err != nil {
		t.Fatalf("got %d, %v, want failed", state, err)
	}
	if code := codes.Code(client.inst.word(problemAt + 4)); code != codes.ResourceExhausted {
		t.Errorf("got code %v", code)
	}
	if got := server.received(t, maxBatch); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q", got)
	}
}
