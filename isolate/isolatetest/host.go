// Package isolatetest has the host's end of a channel, for tests of what runs in native isolates.
package isolatetest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// Host is the host of an isolate. Its fields, but for those of what it was told, are set before it is used.
type Host struct {
	// Welcome is what it says. Version is set.
	Welcome protocol.Welcome
	// Calls answers what the isolate calls. nil is to call the isolate itself.
	Calls func(*channel.ServerCall)
	// Route answers what asks for a route. nil is that there need be none.
	Route func(service string, connection guest.Routing) uint32

	conn    *channel.Conn
	runtime *isolate.Runtime // nil if the isolate is another process
	ready   chan struct{}    // closed when conn is set

	mu       sync.Mutex
	hello    protocol.Hello
	served   []protocol.Ready
	statuses []protocol.ServingStatus
	unrouted []uint32
}

// Start gives h an isolate in this process, with a channel of a kind. Both end with the test.
func (h *Host) Start(t testing.TB, kind channel.Kind) *isolate.Runtime {
	t.Helper()
	files := h.Join(t, kind)
	link, err := channel.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := isolate.New(link)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rt.Close)
	h.runtime = rt
	return rt
}

// Join makes a channel and returns the files of the isolate's end.
func (h *Host) Join(t testing.TB, kind channel.Kind) []*os.File {
	t.Helper()
	link, files, err := channel.Create(kind)
	if err != nil {
		t.Fatal(err)
	}
	h.Welcome.Version = protocol.Version
	h.ready = make(chan struct{})
	h.conn = channel.New(link, channel.Config{Serve: h.serve, MaxMessage: h.Welcome.MaxMessage})
	close(h.ready)
	t.Cleanup(func() { h.conn.Close() })
	return files
}

// Conn is the host's end.
func (h *Host) Conn() *channel.Conn { return h.conn }

// Hello is what the isolate has said of itself, Served where it serves, Statuses what its health servers say, in order, and Unrouted the
// routes that it has given back.
func (h *Host) Hello() protocol.Hello {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hello
}

func (h *Host) Served() []protocol.Ready {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]protocol.Ready(nil), h.served...)
}

// AwaitServed waits until the isolate has said n times that it serves.
func (h *Host) AwaitServed(t testing.TB, n int) {
	t.Helper()
	for len(h.Served()) < n {
		select {
		case <-h.conn.Done():
			t.Fatal("the isolate has ended")
		case <-t.Context().Done():
			t.Fatal("the isolate does not serve")
		case <-time.After(time.Millisecond):
		}
	}
}

func (h *Host) Statuses() []protocol.ServingStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]protocol.ServingStatus(nil), h.statuses...)
}

func (h *Host) Unrouted() []uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]uint32(nil), h.unrouted...)
}

// Connect gives isolates a channel from one to another, for some services, and waits until the first, if it is in this process, uses it.
func Connect(t testing.TB, kind channel.Kind, from, to *Host, services ...string) {
	t.Helper()
	// The files of both ends: the one that Create has opened is here only.
	a, b, err := channel.CreatePair(kind)
	if err != nil {
		t.Fatal(err)
	}
	ends := [][]*os.File{a, b}
	for i, h := range []*Host{from, to} {
		tag := protocol.Peer{Peer: to.Welcome.Function, Role: protocol.RoleCall, Services: services}
		if i == 1 {
			tag.Peer, tag.Role = from.Welcome.Function, protocol.RoleServe
		}
		text, err := json.Marshal(tag)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.conn.SendFiles(text, ends[i]...); err != nil {
			t.Fatal(err)
		}
		for _, f := range ends[i] {
			f.Close()
		}
	}
	if from.runtime != nil {
		AwaitDirect(t, from.runtime, services...)
	}
}

// AwaitDirect waits until calls of services go straight to another isolate.
func AwaitDirect(t testing.TB, rt *isolate.Runtime, services ...string) {
	t.Helper()
	for slices.ContainsFunc(services, func(s string) bool { return !rt.IsDirect(s) }) {
		select {
		case <-t.Context().Done():
			t.Fatal("the channel is not used")
		case <-time.After(time.Millisecond):
		}
	}
}

func (h *Host) serve(c *channel.ServerCall) {
	<-h.ready
	var reply []byte
	var err error
	switch c.Method {
	case protocol.MethodHello:
		err = note(h, c.Request, func(m protocol.Hello) { h.hello = m })
		if err == nil {
			reply, err = json.Marshal(h.Welcome)
		}
	case protocol.MethodReady:
		err = note(h, c.Request, func(m protocol.Ready) { h.served = append(h.served, m) })
	case protocol.MethodServingStatus:
		err = note(h, c.Request, func(m protocol.ServingStatus) { h.statuses = append(h.statuses, m) })
	case protocol.MethodRoute:
		var n uint32
		var connection guest.Routing
		if connection, _, err = guest.ParsePairs(c.Request); err == nil && h.Route != nil {
			n = h.Route(string(c.Options), connection)
		}
		reply = binary.LittleEndian.AppendUint32(nil, n)
	case protocol.MethodUnroute:
		h.mu.Lock()
		h.unrouted = append(h.unrouted, binary.LittleEndian.Uint32(c.Request))
		h.mu.Unlock()
	default:
		if h.Calls != nil {
			h.Calls(c)
		} else {
			Relay(h.conn, c)
		}
		return
	}
	var status []byte
	if err != nil {
		status = Status(13, err.Error())
	}
	c.Reply(status, nil, reply)
}

func note[T any](h *Host, request []byte, f func(T)) error {
	var m T
	if err := json.Unmarshal(request, &m); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f(m)
	return nil
}

// Relay answers a call by making it on another channel.
func Relay(to *channel.Conn, c *channel.ServerCall) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.OnCancel(cancel)
	if c.Stream != nil {
		relayStream(ctx, cancel, to, c)
		return
	}
	r, err := to.Invoke(ctx, nil, &c.Header, c.Request)
	if err != nil {
		c.Reply(Status(14, err.Error()), nil, nil)
		return
	}
	c.Reply(r.Status, r.Metadata, r.Payload)
	r.Free()
}

func relayStream(ctx context.Context, cancel func(), to *channel.Conn, c *channel.ServerCall) {
	s, err := to.OpenStream(&c.Header)
	if err != nil {
		c.Stream.End(Status(14, err.Error()), nil)
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer s.Close()
	wg.Go(func() {
		for {
			m, err := c.Stream.Recv(ctx)
			if errors.Is(err, io.EOF) {
				s.CloseSend()
				return
			}
			if err != nil || s.Send(ctx, m) != nil {
				return
			}
		}
	})
	if meta, ok, err := s.Header(ctx); ok && err == nil {
		c.Stream.SendHeader(meta)
	}
	for {
		m, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.Stream.End(Status(14, err.Error()), nil)
			return
		}
		if c.Stream.Send(ctx, m) != nil {
			break
		}
	}
	status, trailer, err := s.Result(ctx)
	if err != nil {
		status = Status(14, err.Error())
	}
	c.Stream.End(status, trailer)
}

// Status is a google.rpc.Status in bytes.
func Status(code int32, message string) []byte {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(code))
	return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), message)
}
