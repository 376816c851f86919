package isolate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate"
	"github.com/cofaas/cofaas/isolate/isolatetest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

const (
	say    = "/test.Echo/Say"
	stream = "/test.Echo/Stream"
)

// newHost is a host of a function that calls and serves test.Echo.
func newHost(name string) *isolatetest.Host {
	return &isolatetest.Host{Welcome: protocol.Welcome{
		Function: name,
		Exports:  []string{say, stream, "/test.Secret/Say"},
		Imports:  map[string]protocol.Import{say: {}, stream: {ClientStreams: true, ServerStreams: true}},
	}}
}

// serveEcho binds methods that send back what they get, with a name in front.
func serveEcho(t *testing.T, rt *isolate.Runtime, name string) {
	t.Helper()
	echo := func(c *isolate.ServerCall) (any, *guest.Status) {
		in := new(wrapperspb.StringValue)
		if err := c.Decoder()(in); err != nil {
			return nil, &guest.Status{Code: 13, Message: err.Error()}
		}
		return wrapperspb.String(name + in.Value), nil
	}
	ok := rt.BindUnary(say, echo) && rt.BindUnary("/test.Secret/Say", echo)
	ok = ok && rt.BindStream(stream, func(c *isolate.ServerCall, s *isolate.ServerStream) *guest.Status {
		for {
			m := new(wrapperspb.StringValue)
			switch err := s.Recv(context.Background(), m); err {
			case nil:
				s.Send(context.Background(), wrapperspb.String(name+m.Value))
			case io.EOF:
				return nil
			default:
				return guest.ContextStatus(err)
			}
		}
	})
	if !ok {
		t.Fatal("a method was not bound")
	}
}

// invoke returns the reply of a call, or its status.
func invoke(rt *isolate.Runtime, call *guest.ClientCall, text string) string {
	reply := new(wrapperspb.StringValue)
	if st := rt.FindMethod(say).Invoke(context.Background(), nil, call, wrapperspb.String(text), reply); st != nil {
		return fmt.Sprint(st.Code, " ", st.Message)
	}
	return reply.Value
}

// raw returns what a host gets of a call, the reply or the status.
func raw(t *testing.T, conn *channel.Conn, h *channel.Header, request []byte) string {
	t.Helper()
	r, err := conn.Invoke(t.Context(), nil, h, request)
	if err != nil {
		return err.Error()
	}
	defer r.Free()
	if len(r.Status) > 0 {
		return string(r.Status)
	}
	m := new(wrapperspb.StringValue)
	if err := proto.Unmarshal(r.Payload, m); err != nil {
		t.Fatal(err)
	}
	return m.Value
}

func TestBind(t *testing.T) {
	rt := newHost("a").Start(t, channel.Best())
	if rt.BindUnary("/test.Other/Say", nil) || rt.BindStream("/test.Other/Say", nil) {
		t.Error("a method is bound for which the app has another function")
	}
	if rt.FindMethod(stream) != nil || rt.FindStream(say) != nil || rt.FindMethod("/test.Secret/Say") != nil {
		t.Error("a method is found that is none of the kind, or is not called")
	}
	var none *isolate.Runtime
	if none.FindMethod(say) != nil || none.FindStream(stream) != nil || none.BindUnary(say, nil) {
		t.Error("without a host there is something to call or to serve")
	}
	if n, err := none.Route("test.Echo", nil); n != 0 || err != nil || none.Unroute(1) != nil || none.SetServingStatus("", 1) != nil {
		t.Error("without a host there are routes")
	}
}

// TestServe has a host call what an isolate does not serve, or not so.
func TestServe(t *testing.T) {
	h := newHost("a")
	serveEcho(t, h.Start(t, channel.Best()), "a:")
	request, err := proto.Marshal(wrapperspb.String("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		header  channel.Header
		request []byte
		want    string
	}{
		{channel.Header{Method: say}, request, "a:x"},
		{channel.Header{Method: "/test.Echo/Other"}, nil, string(isolatetest.Status(12, "unknown method Other for service test.Echo"))},
		{channel.Header{Method: "/test.Other/Say"}, nil, string(isolatetest.Status(12, "unknown service test.Other"))},
		{channel.Header{Method: protocol.MethodHello}, nil, string(isolatetest.Status(12, "unknown service cofaas.runtime"))},
		{channel.Header{Method: "nothing"}, nil, string(isolatetest.Status(12, `malformed method name: "nothing"`))},
		{channel.Header{Method: say, Metadata: []byte("?")}, request, string(isolatetest.Status(13, "grpc: malformed metadata"))},
		{channel.Header{Method: stream}, request, string(isolatetest.Status(13, "grpc: method "+stream+" was called as one of another kind: caller and callee are generated from different protos"))},
		{channel.Header{Method: say}, []byte{0x0a, 0x05, 'x'}, string(isolatetest.Status(13, unmarshalError(t, []byte{0x0a, 0x05, 'x'})))},
	} {
		if got := raw(t, h.Conn(), &tt.header, tt.request); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.header.Method, got, tt.want)
		}
	}
	s, err := h.Conn().OpenStream(&channel.Header{Method: say})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if status, _, err := s.Result(t.Context()); err != nil || !strings.Contains(string(status), "was called as one of another kind") {
		t.Errorf("a stream of a unary method: %q, %v", status, err)
	}
}

// The race detector does not see what a channel orders, so this is set once.
func init() {
	guest.Transcode = func(in *guest.Transcoding) (guest.Transcoded, *guest.Status) {
		if in.Codec == "none" {
			return guest.Transcoded{}, nil
		}
		if string(in.Data) == "bad" {
			return guest.Transcoded{}, &guest.Status{Code: 13, Message: "bad data"}
		}
		return guest.Transcoded{Data: fmt.Append(nil, in.Codec, in.Method, in.Reply, string(in.Data)), Done: true}, nil
	}
}

// TestServe_leftBehind has a handler leave a goroutine behind that waits for a message when it returns, and does more later.
func TestServe_leftBehind(t *testing.T) {
	for pause := time.Duration(0); ; pause = 2*pause + time.Millisecond {
		switch err := leftBehind(t, pause); {
		case err == context.Canceled:
			return
		case err != io.EOF || pause > time.Second: // it has begun to wait only after the end
			t.Fatalf("who waits at the end of a call gets %v", err)
		}
	}
}

// leftBehind returns what one gets who waits for a message when the handler returns, some time after the wait may have begun.
func leftBehind(t *testing.T, pause time.Duration) error {
	h := newHost("a")
	rt := h.Start(t, channel.Best())
	began, over := make(chan struct{}), make(chan struct{})
	errs := make(chan error, 4)
	rt.BindStream(stream, func(_ *isolate.ServerCall, s *isolate.ServerStream) *guest.Status {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			m := new(wrapperspb.StringValue)
			errs <- s.Recv(ctx, m)
			close(began)
			errs <- s.Recv(ctx, m)
			<-over
			cancel()
			errs <- s.Recv(ctx, m)
			errs <- s.Send(ctx, m)
		}()
		<-began
		time.Sleep(pause)
		return nil
	})
	s, err := h.Conn().OpenStream(&channel.Header{Method: stream})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Send(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if status, _, err := s.Result(t.Context()); len(status) > 0 || err != nil {
		t.Error(status, err)
	}
	close(over)
	if err := <-errs; err != nil {
		t.Errorf("before the end: %v", err)
	}
	waited := <-errs
	if err := <-errs; err != io.EOF {
		t.Errorf("Recv after the end: %v", err)
	}
	if err := <-errs; err != guest.ErrOver {
		t.Errorf("Send after the end: %v", err)
	}
	return waited
}

// TestTranscode has a host ask for what the function's codecs make of messages.
func TestTranscode(t *testing.T) {
	h := newHost("a")
	h.Start(t, channel.Best())
	for _, tt := range []struct {
		request []byte
		want    string
	}{
		{(&protocol.Transcoding{Codec: "x", Method: say, Reply: true, Data: []byte("data")}).Append(nil), "x" + say + "true" + "data"},
		{(&protocol.Transcoding{Codec: "none", Method: say, Data: []byte("data")}).Append(nil), "not done"},
		{(&protocol.Transcoding{Codec: "x", Method: say, Data: []byte("bad")}).Append(nil), string(isolatetest.Status(13, "bad data"))},
		{[]byte{0x0a, 5, 'x'}, string(isolatetest.Status(13, "grpc: malformed message about a codec"))},
	} {
		r, err := h.Conn().Invoke(t.Context(), nil, &channel.Header{Method: protocol.MethodTranscode}, tt.request)
		if err != nil {
			t.Fatal(err)
		}
		got := string(r.Status)
		if got == "" {
			out, err := protocol.ParseTranscoded(r.Payload)
			if err != nil {
				t.Fatal(err)
			}
			if got = string(out.Data); !out.Done {
				got = "not done"
			}
		}
		r.Free()
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	s, err := h.Conn().OpenStream(&channel.Header{Method: protocol.MethodTranscode})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if status, _, err := s.Result(t.Context()); err != nil || !strings.Contains(string(status), "unknown service cofaas.runtime") {
		t.Errorf("as a stream: %q, %v", status, err)
	}
}

// unmarshalError is grpc-go's text for what protobuf-go cannot unmarshal.
func unmarshalError(t *testing.T, b []byte) string {
	err := proto.Unmarshal(b, new(wrapperspb.StringValue))
	if err == nil {
		t.Fatal("it can be unmarshalled")
	}
	return "grpc: failed to unmarshal the received message: " + err.Error()
}

// TestMessages checks the errors of messages that cannot be sent or received.
func TestMessages(t *testing.T) {
	h := newHost("a")
	var reply atomic.Pointer[[]byte]
	h.Calls = func(c *channel.ServerCall) { c.Reply(nil, nil, *reply.Load()) }
	say := h.Start(t, channel.Best()).FindMethod(say)
	good := wrapperspb.String("x")
	missing := &descriptorpb.UninterpretedOption_NamePart{}
	for _, tt := range []struct {
		name        string
		args, reply any
		payload     []byte
		want        string
	}{
		{"no message", 1, good, nil, "grpc: error while marshaling: proto: failed to marshal, message is int, want proto.Message"},
		{"no message to receive", good, new(int), nil, "grpc: failed to unmarshal the received message: failed to unmarshal, message is *int, want proto.Message"},
		{"no UTF-8", wrapperspb.String("\xff"), good, nil, "grpc: error while marshaling: " + marshalError(t, wrapperspb.String("\xff"))},
		{"a required field", missing, good, nil, "grpc: error while marshaling: " + marshalError(t, missing)},
		{"no protobuf", good, new(wrapperspb.StringValue), []byte{0x0a, 5}, unmarshalError(t, []byte{0x0a, 5})},
	} {
		reply.Store(&tt.payload)
		st := say.Invoke(t.Context(), nil, nil, tt.args, tt.reply)
		if st == nil || st.Code != 13 || st.Message != tt.want {
			t.Errorf("%s: got %+v, want %q", tt.name, st, tt.want)
		}
	}
}

func marshalError(t *testing.T, m proto.Message) string {
	_, err := proto.Marshal(m)
	if err == nil {
		t.Fatal("it can be marshalled")
	}
	return err.Error()
}

// TestLimits checks that limits are of the bytes that travel.
func TestLimits(t *testing.T) {
	h := newHost("a")
	h.Welcome.MaxMessage = 8 << 20
	serveEcho(t, h.Start(t, channel.Best()), "")
	rt := newHost("b")
	rt.Welcome.MaxMessage = 8 << 20
	rt.Calls = func(c *channel.ServerCall) { isolatetest.Relay(h.Conn(), c) }
	b := rt.Start(t, channel.Best())
	text := strings.Repeat("x", 100)
	size := proto.Size(wrapperspb.String(text))
	if got := invoke(b, &guest.ClientCall{MaxReply: size}, text); got != text {
		t.Error(got)
	}
	if got, want := invoke(b, &guest.ClientCall{MaxReply: size - 1}, text), fmt.Sprintf("8 grpc: received message larger than max (%d vs. %d)", size, size-1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	large := wrapperspb.String(strings.Repeat("x", 8<<20))
	if got, want := invoke(b, nil, large.Value), fmt.Sprintf("8 grpc: received message larger than max (%d vs. %d)", proto.Size(large), 8<<20); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDirect checks which calls go straight to another isolate, and what becomes of them when it ends.
func TestDirect(t *testing.T) {
	callee, caller := newHost("callee"), newHost("caller")
	served := callee.Start(t, channel.Best())
	serveEcho(t, served, "direct:")
	caller.Calls = func(c *channel.ServerCall) {
		b, err := proto.Marshal(wrapperspb.String("host"))
		if err != nil {
			t.Error(err)
		}
		if c.Stream != nil {
			c.Stream.Send(t.Context(), b)
			c.Stream.End(nil, nil)
			return
		}
		c.Reply(nil, nil, b)
	}
	rt := caller.Start(t, channel.Best())
	if got := invoke(rt, nil, "x"); got != "host" {
		t.Errorf("before there is a channel: %s", got)
	}
	isolatetest.Connect(t, channel.Best(), caller, callee, "test.Echo")
	if got := invoke(rt, nil, "x"); got != "direct:x" {
		t.Errorf("over the channel: %s", got)
	}
	if got := invoke(rt, &guest.ClientCall{Route: 1}, "x"); got != "host" {
		t.Errorf("with a route: %s", got)
	}
	s := rt.FindStream(stream).Open(t.Context(), nil)
	defer s.Close()
	if err := s.Send(t.Context(), wrapperspb.String("y")); err != nil {
		t.Fatal(err)
	}
	m := new(wrapperspb.StringValue)
	if err := s.Recv(t.Context(), m); err != nil || m.Value != "direct:y" {
		t.Errorf("the stream: %v, %v", m, err)
	}

	// A call that is in progress when the callee ends.
	entered := make(chan struct{})
	served.BindUnary(say, func(*isolate.ServerCall) (any, *guest.Status) {
		close(entered)
		<-served.Done()
		return nil, &guest.Status{Code: 2}
	})
	done := make(chan string)
	go func() { done <- invoke(rt, nil, "x") }()
	<-entered
	served.Close()
	if got := <-done; got != "14 error reading from server: EOF" {
		t.Errorf("in progress: %s", got)
	}
	if err := s.Recv(t.Context(), m); err == nil || err.Error() != "error reading from server: EOF" {
		t.Errorf("the stream: %v", err)
	}
	if st, _, err := s.End(t.Context()); err != nil || st == nil || st.Code != 14 {
		t.Errorf("the stream ends with %+v, %v", st, err)
	}
	if got := invoke(rt, nil, "x"); got != "host" {
		t.Errorf("afterwards: %s", got)
	}
	if rt.IsDirect("test.Echo") {
		t.Error("the channel is still used")
	}
}

// TestDirect_Early has a host send a channel before its welcome.
func TestDirect_Early(t *testing.T) {
	link, files, err := channel.Create(channel.Socket)
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := channel.CreatePair(channel.Best())
	if err != nil {
		t.Fatal(err)
	}
	tag, err := json.Marshal(protocol.Peer{Role: protocol.RoleCall, Services: []string{"test.Echo"}})
	if err != nil {
		t.Fatal(err)
	}
	welcome := newHost("a").Welcome
	welcome.Version = protocol.Version
	reply, err := json.Marshal(welcome)
	if err != nil {
		t.Fatal(err)
	}
	var host *channel.Conn
	made := make(chan struct{})
	host = channel.New(link, channel.Config{Serve: func(c *channel.ServerCall) {
		<-made
		if err := host.SendFiles(tag, a...); err != nil {
			t.Error(err)
		}
		c.Reply(nil, nil, reply)
	}})
	close(made)
	defer host.Close()
	peer, err := channel.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	conn := channel.New(peer, channel.Config{Serve: func(c *channel.ServerCall) { c.Reply(nil, nil, c.Request) }})
	defer conn.Close()
	own, err := channel.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := isolate.New(own)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	isolatetest.AwaitDirect(t, rt, "test.Echo")
	if got := invoke(rt, nil, "x"); got != "x" {
		t.Errorf("the channel is not used: %s", got)
	}
}

// TestDirect_Hostile has an isolate on a direct channel try what only the host may do.
func TestDirect_Hostile(t *testing.T) {
	h := newHost("victim")
	serveEcho(t, h.Start(t, channel.Best()), "")
	for role, want := range map[string]string{
		protocol.RoleServe: string(isolatetest.Status(12, "unknown service test.Secret")),
		protocol.RoleCall:  channel.ErrAbandoned.Error(),
	} {
		own, theirs, err := channel.CreatePair(channel.Best())
		if err != nil {
			t.Fatal(err)
		}
		tag, err := json.Marshal(protocol.Peer{Peer: "hostile", Role: role, Services: []string{"test.Echo"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Conn().SendFiles(tag, theirs...); err != nil {
			t.Fatal(err)
		}
		link, err := channel.Open(own)
		if err != nil {
			t.Fatal(err)
		}
		conn := channel.New(link, channel.Config{})
		defer conn.Close()
		if got := raw(t, conn, &channel.Header{Method: "/test.Secret/Say"}, nil); got != want {
			t.Errorf("%s: a service that it may not call: %q, want %q", role, got, want)
		}
		if role == protocol.RoleServe {
			want = string(isolatetest.Status(12, "unknown service cofaas.runtime"))
		}
		transcoding := (&protocol.Transcoding{Codec: "x", Method: say}).Append(nil)
		if got := raw(t, conn, &channel.Header{Method: protocol.MethodTranscode}, transcoding); got != want {
			t.Errorf("%s: the function's codecs: %q, want %q", role, got, want)
		}
		// Files are for the host to send; the channel remains usable.
		if err := conn.SendFiles(tag, theirs...); err != nil {
			t.Fatal(err)
		}
		for _, f := range theirs {
			f.Close()
		}
		want = ""
		if role == protocol.RoleCall {
			want = channel.ErrAbandoned.Error()
		}
		if got := raw(t, conn, &channel.Header{Method: say}, nil); got != want {
			t.Errorf("%s: a service that it may call: %q, want %q", role, got, want)
		}
	}
}

// TestRoute checks that routes are asked for once for services that need none.
func TestRoute(t *testing.T) {
	h := newHost("a")
	var asked atomic.Int32
	h.Route = func(service string, connection guest.Routing) uint32 {
		asked.Add(1)
		if got := fmt.Sprint(connection); got != "[{target x}]" {
			t.Errorf("the connection is %s", got)
		}
		return map[string]uint32{"s.Routed": 7, "s.Unserved": guest.RouteUnserved}[service]
	}
	rt := h.Start(t, channel.Best())
	describe := func() guest.Routing { return guest.Routing{{Key: "target", Value: "x"}} }
	for range 2 {
		for service, want := range map[string]uint32{"s.Routed": 7, "s.Direct": 0, "s.Unserved": guest.RouteUnserved} {
			if n, err := rt.Route(service, describe); n != want || err != nil {
				t.Errorf("%s: %d, %v", service, n, err)
			}
		}
	}
	if n := asked.Load(); n != 5 {
		t.Errorf("the host was asked %d times", n)
	}
	for _, n := range []uint32{7, guest.RouteUnknown, guest.RouteUnserved} {
		if err := rt.Unroute(n); err != nil {
			t.Error(err)
		}
	}
	if got := fmt.Sprint(h.Unrouted()); got != "[7]" {
		t.Errorf("given back: %s", got)
	}
}

// TestDirect_Closed has a channel to another isolate come when the runtime is closed.
func TestDirect_Closed(t *testing.T) {
	host := newHost("a")
	rt := host.Start(t, channel.Best())
	rt.Close()
	a, b, err := channel.CreatePair(channel.Best())
	if err != nil {
		t.Fatal(err)
	}
	tag, err := json.Marshal(protocol.Peer{Role: protocol.RoleServe, Services: []string{"test.Echo"}})
	if err != nil {
		t.Fatal(err)
	}
	link, err := channel.Open(a)
	if err != nil {
		t.Fatal(err)
	}
	conn := channel.New(link, channel.Config{})
	defer conn.Close()
	isolate.ReceiveFiles(rt, tag, b)
	<-conn.Done()
}
