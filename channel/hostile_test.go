//go:build unix

package channel

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// rawPeer makes a channel whose other end is a file to write anything to.
func rawPeer(t testing.TB, cfg Config) (*Conn, *os.File) {
	t.Helper()
	link, files, err := Create(Socket)
	if err != nil {
		t.Fatal(err)
	}
	c := New(link, cfg)
	t.Cleanup(func() {
		c.Close()
		files[0].Close()
	})
	return c, files[0]
}

// frame is a frame with its contents.
func frame(k kind, flags uint8, id, total uint32, b ...byte) []byte {
	f := make([]byte, headerSize, headerSize+len(b))
	header{kind: k, flags: flags, id: id, size: uint32(len(b)), total: total}.put(f)
	return append(f, b...)
}

func hello() []byte {
	l := (&Config{}).limits()
	return frame(kindHello, 0, 0, helloSize, l.hello()...)
}

// callBody is the body of a call, with the sizes given, whatever follows.
func callBody(method, options, metadata uint32, rest string) []byte {
	b := make([]byte, callHead, callHead+len(rest))
	binary.LittleEndian.PutUint32(b[16:], method)
	binary.LittleEndian.PutUint32(b[20:], options)
	binary.LittleEndian.PutUint32(b[24:], metadata)
	return append(b, rest...)
}

func whole(k kind, flags uint8, id uint32, b []byte) []byte {
	return frame(k, flags, id, uint32(len(b)), b...)
}

// violations are what a peer must not send, after a hello, to one that has made call 1 and opened stream 2.
var violations = map[string][]byte{
	"kind 0":                              frame(0, 0, 1, 0),
	"a kind that does not exist":          frame(kindBell+1, 0, 1, 0),
	"size beyond total":                   frame(kindCall, 0, 1, 0, 1),
	"a frame that is too large":           whole(kindCall, 0, 1, make([]byte, maxFrame+1)),
	"a short hello":                       whole(kindHello, 0, 0, make([]byte, 3)),
	"another version":                     whole(kindHello, 0, 0, make([]byte, helloSize)),
	"a call as an answer":                 whole(kindCall, flagAnswer, 1, callBody(0, 0, 0, "")),
	"a reply that is no answer":           whole(kindReply, 0, 1, make([]byte, 8)),
	"a bell":                              frame(kindBell, 0, 0, 0),
	"files without files":                 whole(kindFiles, 0, 0, []byte{1, 0, 0, 0}),
	"half a tag":                          whole(kindFiles, 0, 0, []byte{1}),
	"a short call":                        whole(kindCall, 0, 1, make([]byte, callHead-1)),
	"an empty call":                       frame(kindCall, 0, 1, 100),
	"a call with a long method":           whole(kindCall, 0, 1, callBody(5, 0, 0, "four")),
	"a call with long options":            whole(kindCall, 0, 1, callBody(2, 1<<32-1, 0, "four")),
	"a call with long metadata":           whole(kindCall, 0, 1, callBody(2, 1, 1<<32-1, "four")),
	"a call that is too large":            frame(kindCall, 0, 1, 1<<31, make([]byte, 100)...),
	"a stream with a message":             whole(kindOpen, 0, 1, callBody(1, 0, 0, "mm")),
	"a second call":                       bytes.Repeat(whole(kindCall, 0, 1, callBody(0, 0, 0, "")), 2),
	"a second call of which some came":    bytes.Repeat(frame(kindCall, 0, 1, 200, callBody(0, 0, 0, "")...), 2),
	"more than announced":                 append(frame(kindCall, 0, 1, 40, callBody(0, 0, 0, "")...), whole(kindMore, 0, 1, make([]byte, 9))...),
	"nothing more":                        append(frame(kindCall, 0, 1, 40, callBody(0, 0, 0, "")...), frame(kindMore, 0, 1, 0)...),
	"a message to half a call":            append(frame(kindCall, 0, 1, 40, callBody(0, 0, 0, "")...), whole(kindMessage, 0, 1, nil)...),
	"a message to a unary call":           append(whole(kindCall, 0, 1, callBody(0, 0, 0, "")), whole(kindMessage, 0, 1, nil)...),
	"the rest of no message":              append(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), whole(kindMore, 0, 1, []byte{1})...),
	"a message after CloseSend":           slicesConcat(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), whole(kindCloseSend, 0, 1, nil), whole(kindMessage, 0, 1, nil)),
	"CloseSend in a message":              slicesConcat(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), frame(kindMessage, 0, 1, 9, 1), whole(kindCloseSend, 0, 1, nil)),
	"a message in a message":              slicesConcat(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), frame(kindMessage, 0, 1, 9, 1), whole(kindMessage, 0, 1, nil)),
	"a message that is too large":         append(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), frame(kindMessage, 0, 1, 1<<31, 1)...),
	"more than was granted":               append(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), bytes.Repeat(whole(kindMessage, 0, 1, make([]byte, maxFrame)), 5)...),
	"no frame after a message":            slicesConcat(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), whole(kindMessage, 0, 1, nil), make([]byte, headerSize)),
	"credit that was not used":            append(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), whole(kindCredit, 0, 1, []byte{1, 0, 0, 0})...),
	"half a credit":                       append(whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), whole(kindCredit, 0, 1, []byte{1})...),
	"an empty reply":                      frame(kindReply, flagAnswer, 1, 0),
	"a short reply":                       whole(kindReply, flagAnswer, 1, make([]byte, 7)),
	"a reply with a long status":          whole(kindReply, flagAnswer, 1, []byte{1, 0, 0, 0, 0, 0, 0, 0}),
	"a reply with long metadata":          whole(kindReply, flagAnswer, 1, []byte{0, 0, 0, 0, 255, 255, 255, 255}),
	"a reply that is too large":           frame(kindReply, flagAnswer, 1, 1<<31, make([]byte, 100)...),
	"a header to a unary call":            whole(kindHeader, flagAnswer, 1, nil),
	"the rest of no reply":                whole(kindMore, flagAnswer, 1, []byte{1}),
	"a reply to a stream":                 whole(kindReply, flagAnswer, 2, make([]byte, 8)),
	"a second header":                     bytes.Repeat(whole(kindHeader, flagAnswer, 2, nil), 2),
	"a header that is too large":          frame(kindHeader, flagAnswer, 2, 1<<31, 1),
	"a header in a message":               append(frame(kindMessage, flagAnswer, 2, 9, 1), whole(kindHeader, flagAnswer, 2, nil)...),
	"an end with a message":               whole(kindEnd, flagAnswer, 2, make([]byte, 9)),
	"an end with a long trailer":          whole(kindEnd, flagAnswer, 2, []byte{0, 0, 0, 0, 1, 0, 0, 0}),
	"half an end":                         append(frame(kindEnd, flagAnswer, 2, 9, make([]byte, 8)...), whole(kindMore, flagAnswer, 2, []byte{1, 2})...),
	"a large message without its size":    whole(kindMessage, flagAnswer|flagTooLarge, 2, []byte{1}),
	"an abandoned reply that has a lot":   whole(kindReply, flagAnswer|flagAbandoned, 1, make([]byte, 9)),
	"a reply that is too large, sizeless": whole(kindReply, flagAnswer|flagTooLarge, 1, make([]byte, 7)),
}

func slicesConcat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestViolations has a peer break each rule, upon which the channel is closed with a reason, and nothing else happens.
func TestViolations(t *testing.T) {
	for what, b := range violations {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			block := make(chan struct{})
			defer close(block)
			c, peer := rawPeer(t, Config{Serve: func(s *ServerCall) { <-block }})
			if _, err := peer.Write(hello()); err != nil {
				t.Fatal(err)
			}
			if err := c.greet(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			result := make(chan error)
			go func() {
				_, err := c.Invoke(context.Background(), nil, &Header{Method: "/p.S/M"}, nil)
				result <- err
			}()
			waitFor(t, func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return len(c.calls) == 1
			})
			if _, err := c.OpenStream(&Header{Method: "/p.S/M"}); err != nil {
				t.Fatal(err)
			}
			peer.Write(b)
			<-c.Done()
			if err := <-result; err != ErrClosed && !strings.Contains(err.Error(), "the peer has sent") {
				t.Error(err)
			}
			if err := c.Err(); err == nil || !strings.Contains(err.Error(), "the peer has sent") {
				t.Errorf("the reason is %v", err)
			}
		})
	}
}

// TestFloods has a peer send a lot of what costs memory, until that is more than it may.
func TestFloods(t *testing.T) {
	bodies := map[string]func(id uint32) []byte{
		"calls":       func(id uint32) []byte { return whole(kindCall, 0, id, callBody(0, 0, 0, "")) },
		"streams":     func(id uint32) []byte { return whole(kindOpen, 0, id, callBody(0, 0, 0, "")) },
		"half calls":  func(id uint32) []byte { return frame(kindCall, 0, id, 1000, callBody(0, 0, 0, "")...) },
		"large calls": func(id uint32) []byte { return frame(kindCall, 0, id, 64<<20, callBody(0, 0, 0, "")...) },
		"cancelled calls": func(id uint32) []byte {
			return append(whole(kindCall, 0, id, callBody(0, 0, 0, "")), frame(kindCancel, 0, id, 0)...)
		},
	}
	for what, body := range bodies {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			block := make(chan struct{})
			defer close(block)
			c, peer := rawPeer(t, Config{MaxCalls: 1000, Serve: func(s *ServerCall) { <-block }})
			peer.Write(hello())
			n := uint32(0)
			for {
				n++
				if _, err := peer.Write(body(n)); err != nil {
					break
				}
			}
			<-c.Done()
			if err := c.Err(); err == nil || !strings.Contains(err.Error(), "that it may") {
				t.Errorf("after %d: %v", n, err)
			}
		})
	}
}

// TestTooMany has an end make more calls than its peer takes.
func TestTooMany(t *testing.T) {
	forKinds(t, func(t *testing.T, pair func(a, b Config) (*Conn, *Conn)) {
		block := make(chan struct{})
		a, _ := pair(Config{}, Config{MaxCalls: 10, Serve: func(s *ServerCall) {
			<-block
			s.Reply(nil, nil, nil)
		}})
		if err := a.greet(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var g sync.WaitGroup
		for range 10 {
			g.Go(func() {
				if _, err := a.Invoke(t.Context(), nil, &Header{}, nil); err != nil {
					t.Error(err)
				}
			})
		}
		waitFor(t, func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.calls) == 10
		})
		if _, err := a.Invoke(t.Context(), nil, &Header{}, nil); err != ErrTooMany {
			t.Error(err)
		}
		if _, err := a.OpenStream(&Header{}); err != ErrTooMany {
			t.Error(err)
		}
		close(block)
		g.Wait()
		if _, err := a.Invoke(t.Context(), nil, &Header{}, nil); err != nil {
			t.Error(err)
		}
	})
}

// FuzzSocket has a peer send anything.
func FuzzSocket(f *testing.F) {
	for _, b := range violations {
		f.Add(b)
	}
	f.Add(slicesConcat(whole(kindOpen, 0, 1, callBody(1, 1, 1, "abc")), whole(kindMessage, 0, 1, []byte("hello")), whole(kindCloseSend, 0, 1, nil)))
	f.Add(slicesConcat(whole(kindReply, flagAnswer, 1, make([]byte, 20)), whole(kindEnd, flagAnswer, 2, make([]byte, 8))))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, peer := rawPeer(t, Config{MaxMessage: 1 << 20, Serve: echo})
		go io.Copy(io.Discard, peer)
		peer.Write(hello())
		if c.greet(t.Context(), nil) != nil {
			t.Fatal("no greeting")
		}
		var g sync.WaitGroup
		defer g.Wait()
		g.Go(func() { c.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, []byte("request")) })
		g.Go(func() {
			s, err := c.OpenStream(&Header{Method: "/p.S/M"})
			if err != nil {
				return
			}
			for err == nil {
				_, err = s.Recv(t.Context())
			}
			s.Result(t.Context())
			s.Close()
		})
		peer.Write(b)
		c.Close()
	})
}

// TestAbandonedReplies has a peer send most of large replies, to calls that nobody waits for any more: nothing of them is kept.
func TestAbandonedReplies(t *testing.T) {
	c, peer := rawPeer(t, Config{})
	go io.Copy(io.Discard, peer)
	peer.Write(hello())
	ctx, cancel := context.WithCancel(t.Context())
	var g sync.WaitGroup
	const calls = 10
	g.Go(func() {
		var g sync.WaitGroup
		for range calls {
			g.Go(func() { c.Invoke(ctx, nil, &Header{}, nil) })
		}
		g.Wait()
	})
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.calls) == calls
	})
	const total = 32 << 20
	for id := range uint32(calls) {
		peer.Write(frame(kindReply, flagAnswer, id+1, total, make([]byte, maxFrame)...))
	}
	cancel()
	g.Wait()
	for id := range uint32(calls) {
		peer.Write(frame(kindMore, flagAnswer, id+1, total-maxFrame, make([]byte, maxFrame)...))
	}
	// What comes after it on the socket has been received when it is answered.
	peer.Write(whole(kindHello, 0, 0, sevenCalls()))
	waitFor(t, func() bool { return c.peer.Load().calls == 7 })
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, made := range c.calls {
		if b := &made.(*call).body; b.b != nil || b.left() != total-2*maxFrame {
			t.Errorf("of the reply to call %d %d bytes are kept, and %d are left", id, cap(b.b), b.left())
		}
	}
}

// TestPeerDoesNotRead has an end open streams for a peer that does not read, until that is too much.
func TestPeerDoesNotRead(t *testing.T) {
	c, peer := rawPeer(t, Config{})
	peer.Write(hello())
	for {
		s, err := c.OpenStream(&Header{Metadata: make([]byte, 100_000)})
		if err != nil {
			break
		}
		s.Close()
	}
	<-c.Done()
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "does not read") {
		t.Error(err)
	}
}

func sevenCalls() []byte {
	l := (&Config{MaxCalls: 7}).limits()
	return l.hello()
}

// TestOrder has a peer read late what was sent without waiting and with: what belongs to one call comes in its order.
func TestOrder(t *testing.T) {
	c, peer := rawPeer(t, Config{})
	peer.Write(hello())
	var g sync.WaitGroup
	const streams = 300
	for range streams {
		s, err := c.OpenStream(&Header{Metadata: make([]byte, 10_000)})
		if err != nil {
			t.Fatal(err)
		}
		g.Go(func() {
			if err := s.Send(t.Context(), pattern(1000)); err != nil {
				t.Error(err)
			}
			if err := s.CloseSend(); err != nil {
				t.Error(err)
			}
		})
	}
	next := map[uint32]kind{}
	follows := map[kind]kind{0: kindOpen, kindOpen: kindMessage, kindMessage: kindCloseSend}
	for ended := 0; ended < streams; {
		var b [headerSize]byte
		if _, err := io.ReadFull(peer, b[:]); err != nil {
			t.Fatal(err)
		}
		h, err := parseHeader(b[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, peer, int64(h.size)); err != nil {
			t.Fatal(err)
		}
		if h.kind == kindHello {
			continue
		}
		if h.kind != follows[next[h.id]] {
			t.Fatalf("a frame of kind %d after %d for call %d", h.kind, next[h.id], h.id)
		}
		next[h.id] = h.kind
		if h.kind == kindCloseSend {
			ended++
		}
	}
	g.Wait()
}

// TestEndedInTheMiddle has a call end while a message of it comes: what the peer sends until it knows is dropped, and is no violation.
func TestEndedInTheMiddle(t *testing.T) {
	ended, called := make(chan struct{}), make(chan struct{})
	c, f := rawPeer(t, Config{Serve: func(s *ServerCall) {
		if s.Stream == nil {
			close(called)
			return
		}
		s.Stream.Recv(t.Context()) // so that the stream is one that messages come for
		s.Stream.End(nil, nil)
		close(ended)
	}})
	first := bytes.Join([][]byte{
		hello(), whole(kindOpen, 0, 1, callBody(0, 0, 0, "")), whole(kindMessage, 0, 1, []byte("first")), frame(kindMessage, 0, 1, 8, []byte("half")...),
	}, nil)
	then := bytes.Join([][]byte{
		whole(kindMore, 0, 1, []byte("half")), whole(kindMessage, 0, 1, []byte("next")), frame(kindMessage, 0, 1, 8, []byte("half")...),
		whole(kindMore, 0, 1, []byte("half")), whole(kindMessage, 0, 1, []byte("last")), whole(kindCall, 0, 2, callBody(0, 0, 0, "")),
	}, nil)
	if _, err := f.Write(first); err != nil {
		t.Fatal(err)
	}
	<-ended
	if _, err := f.Write(then); err != nil {
		t.Fatal(err)
	}
	select {
	case <-called:
	case <-c.Done():
		t.Errorf("the channel was closed: %v", c.Err())
	}
}
