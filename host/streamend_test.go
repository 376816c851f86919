package host

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
)

// newTestEnds is a stream of Flow.Both from one fake instance to another.
func newTestEnds(t *testing.T) (client, server *streamEnd) {
	f := newFakeFunction(t, 2)
	s := newStream(t.Context(), testMethod(t, "test.Flow", "Both"))
	t.Cleanup(s.cancel)
	client, server = f.take(t).open(s, &s.up, &s.down), f.take(t).open(s, &s.down, &s.up)
	s.client, s.server = client, server
	return client, server
}

// putBlob stores a Blob at an address of a fake instance, with data that follow it.
func (i *instance) putBlob(at uint32, data string) {
	words(i, at, at+64, uint32(len(data)), 0, 0)
	copy(i.Bytes()[at+64:], data)
}

func words(i *instance, at uint32, values ...uint32) {
	b := controlBlock(i.Bytes()[at:])
	for j, v := range values {
		b.putU32(4*j, v)
	}
}

// blob is the data of the Blob at an address.
func (i *instance) blob(t *testing.T, at uint32) string {
	t.Helper()
	b := controlBlock(i.Bytes()[at:])
	data, err := i.read(uint64(b.u32(0)), uint64(b.u32(4)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const (
	messageAt   = 1 << 12
	addressesAt = 1 << 13
	problemAt   = 1 << 14
)

// Messages go from one guest's memory to the other's, empty ones and batches included, and events say when.
func TestStreamEnd(t *testing.T) {
	client, server := newTestEnds(t)
	receive := func() (uint32, error) { return server.receiveMessages(addressesAt, maxBatch, problemAt) }
	if got, err := receive(); got != streamBlocked<<16 || err != nil {
		t.Fatalf("got 0x%x, %v", got, err)
	}
	var want []string
	for n := range maxBatch + 4 {
		data := fmt.Sprint("message ", n)
		if n == 2 {
			data = ""
		}
		want = append(want, data)
		client.inst.putBlob(messageAt, data)
		if got, err := client.sendMessage(messageAt, problemAt); got != streamDone || err != nil {
			t.Fatalf("got %d, %v", got, err)
		}
	}
	if got := server.inst.allEvents(); !slices.Equal(got, []event{{eventStream, server.id}}) {
		t.Errorf("got events %v", got)
	}
	var all []string
	for _, n := range []uint32{maxBatch, 4} {
		got, err := receive()
		if got != n || err != nil {
			t.Fatalf("got 0x%x, %v, want %d messages", got, err, n)
		}
		for j := range n {
			all = append(all, server.inst.blob(t, controlBlock(server.inst.Bytes()[addressesAt:]).u32(4*int(j))))
		}
	}
	if !slices.Equal(all, want) {
		t.Errorf("got %q", all)
	}
	if _, err := client.sendMessage(fakeMemory-4, problemAt); err == nil {
		t.Error("a message out of bounds is sent")
	}
	client.inst.putBlob(messageAt, "")
	words(client.inst, messageAt, fakeMemory, 1)
	if _, err := client.sendMessage(messageAt, problemAt); err == nil {
		t.Error("a message with data out of bounds is sent")
	}
}

// Where the host stores something out of bounds, that is the guest's end and nobody else's.
func TestStreamEnd_Errors(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(client, server *streamEnd) error
	}{
		{"addresses of messages", func(client, server *streamEnd) error {
			client.inst.putBlob(messageAt, "abc")
			if _, err := client.sendMessage(messageAt, problemAt); err != nil {
				return nil
			}
			_, err := server.receiveMessages(fakeMemory-2, maxBatch, problemAt)
			return err
		}},
		{"problem of sending", func(client, server *streamEnd) error {
			client.stream.leave()
			_, err := server.sendMessage(messageAt, fakeMemory-4)
			return err
		}},
		{"problem of receiving", func(client, server *streamEnd) error {
			client.stream.leave()
			_, err := server.receiveMessages(addressesAt, maxBatch, fakeMemory)
			return err
		}},
		{"header", func(client, server *streamEnd) error {
			client.stream.sendHeader(nil)
			_, err := client.giveHeader(fakeMemory - 7)
			return err
		}},
		{"end", func(client, server *streamEnd) error {
			client.stream.end(nil, nil)
			_, err := client.giveEnd(0xffffffff, problemAt)
			return err
		}},
		{"status", func(client, server *streamEnd) error {
			client.stream.end(errCanceled(), nil)
			_, err := client.giveEnd(addressesAt, fakeMemory-8)
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, server := newTestEnds(t)
			if err := tt.do(client, server); err == nil {
				t.Error("no error")
			}
		})
	}
}

// Numbers of ends are not used again, because a goroutine of the guest may still have one: what it does is then over. Numbers that were
// never given are not good.
func TestStreamEnd_numbers(t *testing.T) {
	client, _ := newTestEnds(t)
	i, s := client.inst, client.stream
	second := i.open(s, &s.up, &s.down)
	if client.id != 1 || second.id != 2 || len(i.ends) != 2 || !i.isWaiting() {
		t.Errorf("got %d, %d, %d open", client.id, second.id, len(i.ends))
	}
	i.shut(client)
	if e, err := i.end(1); e != nil || err != nil {
		t.Errorf("a stream that was closed is %v, %v", e, err)
	}
	for _, id := range []uint32{0, 3, 1 << 31, 0xffffffff} {
		if e, err := i.end(id); err == nil {
			t.Errorf("stream %d is %v", id, e)
		}
	}
	if third := i.open(s, &s.up, &s.down); third.id != 3 {
		t.Errorf("got %d", third.id)
	}
}

// A message that cannot be unmarshalled does not keep from the server those that came before it.
func TestStreamEnd_badMessage(t *testing.T) {
	f := newFakeFunction(t, 1)
	s := newStream(t.Context(), testMethod(t, "test.Flow", "Both"))
	t.Cleanup(s.cancel)
	s.client, s.isOutside = newEnd(), true
	server := f.take(t).open(s, &s.down, &s.up)
	s.server = server
	for _, wire := range []string{"\x0a\x01a", "", "\x0a\xff"} {
		s.put(&s.up, &parcel{wire: []byte(wire), size: len(wire)})
	}
	var got []string
	for {
		r, err := server.receiveMessages(addressesAt, maxBatch, problemAt)
		if err != nil {
			t.Fatal(err)
		}
		if state := r >> 16; state != streamDone {
			if st, err := s.method.readStatus(server.inst, problemAt); state != streamFailed || err != nil || st.Code() != codes.Internal {
				t.Errorf("got state %d and %v, %v", state, st, err)
			}
			break
		}
		for j := range r & 0xffff {
			got = append(got, server.inst.blob(t, controlBlock(server.inst.Bytes()[addressesAt:]).u32(4*int(j))))
		}
	}
	if !slices.Equal(got, []string{"a", ""}) {
		t.Errorf("got %q before it", got)
	}
}

// Replies are not lost when the server ends the call while the client's next request waits for room.
func TestOutside_endWhileFull(t *testing.T) {
	for range 100 {
		s := newStream(t.Context(), testMethod(t, "test.Flow", "Both"))
		client := &endlessRequests{stream: s, more: make(chan struct{}), gone: make(chan struct{})}
		o := &outside{stream: s, client: client, bells: newBells()}
		s.client, s.isOutside, s.server = o, true, newEnd()
		read := make(chan struct{})
		go func() {
			defer close(read)
			o.readAll()
		}()
		eventually(t, "the client does not wait", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.up.senderWaits
		})
		s.put(&s.down, &parcel{size: 1})
		s.end(nil, nil)
		select {
		case <-client.more:
		case <-read:
		}
		s.mu.Lock()
		left := s.down.n
		s.mu.Unlock()
		close(client.gone)
		<-read
		if left != 1 {
			t.Fatal("the reply is lost")
		}
	}
}

// endlessRequests is a client from outside that sends until the call is over, and then waits for its end.
type endlessRequests struct {
	serverStream
	stream     *stream
	more, gone chan struct{}
}

func (r *endlessRequests) recv() (wireMessage, error) {
	if r.stream.ctx.Err() != nil {
		close(r.more)
		<-r.gone
		return wireMessage{}, context.Canceled
	}
	return wireBytes(make([]byte, window/4)), nil
}
