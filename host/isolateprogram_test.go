package host

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// The isolates of the tests are this program, by nothing but package channel, so they show what the host makes of programs that know nothing
// of package isolate.
func TestMain(m *testing.M) {
	if kind := os.Getenv(protocol.Variable); kind != "" {
		testIsolate(kind, os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

// testProgram is an isolate of the tests. Its arguments say what its main does; what its methods do, their requests say.
type testProgram struct {
	conn    *channel.Conn
	welcome protocol.Welcome
	calls   atomic.Int32
	// peers are channels to other isolates, by the services that are called over them; and direct counts calls over those.
	mu     sync.Mutex
	peers  map[string]*channel.Conn
	direct atomic.Int32
}

func testIsolate(kind string, args []string) {
	files := []*os.File{os.NewFile(3, "socket")}
	if kind == protocol.Memory {
		files = append(files, os.NewFile(4, "memory"))
	}
	link, err := channel.Open(files)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := &testProgram{peers: map[string]*channel.Conn{}}
	p.conn = channel.New(link, channel.Config{Serve: p.serve, Files: p.join})
	p.main(args)
	<-p.conn.Done()
}

// main follows the arguments: mute says nothing, deaf does not serve, exit=N ends, term=N ends so upon SIGTERM, first=TEXT does what a request
// says before it serves, say=TEXT writes it, and slow waits.
func (p *testProgram) main(args []string) {
	for _, arg := range args {
		if arg == "mute" {
			return
		}
	}
	reply, st := p.call(protocol.MethodHello, protocol.Hello{Version: protocol.Version, PID: os.Getpid()})
	if st != nil {
		fmt.Fprintln(os.Stderr, st)
		os.Exit(1)
	}
	if err := json.Unmarshal(reply, &p.welcome); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, arg := range args {
		what, text, _ := strings.Cut(arg, "=")
		number, _ := strconv.Atoi(text)
		switch what {
		case "deaf":
			return
		case "exit":
			os.Exit(number)
		case "slow":
			time.Sleep(50 * time.Millisecond)
		case "say":
			fmt.Println(text)
			fmt.Fprint(os.Stderr, text+" without an end")
		case "first":
			if data, st := p.do(context.Background(), &channel.ServerCall{}, text); st != nil {
				fmt.Println(st.Message)
			} else {
				fmt.Println(string(data))
			}
		case "term":
			ch := make(chan os.Signal, 1)
			signal.Notify(ch, syscall.SIGTERM)
			go func() {
				<-ch
				fmt.Println("told to stop")
				os.Exit(number)
			}()
		}
	}
	if _, st := p.call(protocol.MethodReady, protocol.Ready{Network: "tcp", Address: ":1234"}); st != nil {
		fmt.Fprintln(os.Stderr, st)
		os.Exit(1)
	}
}

// call makes a call with a request in JSON.
func (p *testProgram) call(method string, request any) ([]byte, *spb.Status) {
	encoded, err := json.Marshal(request)
	if err != nil {
		panic(err)
	}
	return p.invoke(context.Background(), &channel.Header{Method: method}, encoded)
}

// join takes a channel to another isolate.
func (p *testProgram) join(tag []byte, files []*os.File) {
	var peer protocol.Peer
	link, err := channel.Open(files)
	if err = errors.Join(err, json.Unmarshal(tag, &peer)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if peer.Role == protocol.RoleServe {
		channel.New(link, channel.Config{Serve: func(c *channel.ServerCall) {
			p.direct.Add(1)
			p.serve(c)
		}})
		return
	}
	conn := channel.New(link, channel.Config{})
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, service := range peer.Services {
		p.peers[service] = conn
	}
}

// way is where a call goes: directly to another isolate, or to the host.
func (p *testProgram) way(h *channel.Header) *channel.Conn {
	service, _, _ := strings.Cut(h.Method[1:], "/")
	p.mu.Lock()
	defer p.mu.Unlock()
	if conn := p.peers[service]; conn != nil && h.Route == 0 {
		select {
		case <-conn.Done():
		default:
			return conn
		}
	}
	return p.conn
}

func (p *testProgram) invoke(ctx context.Context, h *channel.Header, request []byte) ([]byte, *spb.Status) {
	reply, err := p.way(h).Invoke(ctx, nil, h, request)
	if err != nil {
		st := channelError(err)
		return nil, st.Proto()
	}
	if len(reply.Status) > 0 {
		st := new(spb.Status)
		if err := proto.Unmarshal(reply.Status, st); err != nil {
			panic(err)
		}
		return nil, st
	}
	return reply.Payload, nil
}

func (p *testProgram) serve(c *channel.ServerCall) {
	if c.Stream != nil {
		p.serveStream(c)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.OnCancel(cancel)
	data, st := p.do(ctx, c, textOf(c.Request))
	var encoded []byte
	if st != nil {
		encoded, _ = proto.Marshal(st)
	}
	reply, _ := proto.Marshal(wrapperspb.Bytes(data))
	meta := appendMeta(appendMeta(nil, metadata.Pairs("header", "of "+p.welcome.Function), 0), metadata.Pairs("trailer", "of "+p.welcome.Function), metaTrailer)
	if c.Flags&protocol.WantsHeaders == 0 {
		meta = nil
	}
	_ = c.Reply(encoded, meta, reply)
}

func textOf(blob []byte) string {
	var in wrapperspb.BytesValue
	if err := proto.Unmarshal(blob, &in); err != nil {
		return "malformed"
	}
	return string(in.Value)
}

// do does what a request says, and otherwise echoes it.
func (p *testProgram) do(ctx context.Context, c *channel.ServerCall, text string) ([]byte, *spb.Status) {
	failed := func(code codes.Code, format string, args ...any) ([]byte, *spb.Status) {
		return nil, &spb.Status{Code: int32(code), Message: fmt.Sprintf(format, args...)}
	}
	verb, rest, _ := strings.Cut(text, " ")
	number, _ := strconv.Atoi(rest)
	switch verb {
	case "pid":
		return []byte(strconv.Itoa(os.Getpid())), nil
	case "count":
		return []byte(strconv.Itoa(int(p.calls.Add(1)))), nil
	case "exit":
		os.Exit(number)
	case "panic":
		panic(rest)
	case "direct": // how many calls came directly
		return []byte(strconv.Itoa(int(p.direct.Load()))), nil
	case "hang": // without a look at the deadline
		select {}
	case "wait": // until nobody waits any more
		<-ctx.Done()
		return nil, nil
	case "size":
		return make([]byte, number), nil
	case "describe":
		header, _, err := parseMeta(c.Metadata)
		return fmt.Appendf(nil, "%v %v deadline %t flags %#x", map[string][]string(header), err, c.Deadline != 0, c.Flags), nil
	case "fail":
		detail, _ := anypb.New(wrapperspb.String("detail"))
		return nil, &spb.Status{Code: int32(number), Message: "as told", Details: []*anypb.Any{detail}}
	case "garbage":
		return nil, &spb.Status{Code: 0, Message: "OK is no failure"}
	case "call": // METHOD TEXT: with what the call itself has
		method, request, _ := strings.Cut(rest, " ")
		blob, _ := proto.Marshal(wrapperspb.String(request))
		h := &channel.Header{Method: method, Deadline: c.Deadline, Metadata: c.Metadata, Flags: c.Flags&(1<<protocol.DepthShift-1) | (c.Flags>>protocol.DepthShift+1)<<protocol.DepthShift}
		reply, st := p.invoke(ctx, h, blob)
		if st != nil {
			return nil, st
		}
		return []byte(textOf(reply)), nil
	case "recurse": // for ever
		method := rest
		return p.do(ctx, c, "call "+method+" recurse "+method)
	case "routed": // TARGET METHOD TEXT
		part := strings.SplitN(rest, " ", 3)
		service, _, _ := strings.Cut(part[1][1:], "/")
		number, st := p.invoke(ctx, &channel.Header{Method: protocol.MethodRoute, Options: []byte(service)},
			appendMeta(nil, metadata.Pairs("target", part[0], "canonical", "passthrough:///"+part[0]), 0))
		if st != nil {
			return nil, st
		}
		blob, _ := proto.Marshal(wrapperspb.String(part[2]))
		reply, st := p.invoke(ctx, &channel.Header{Method: part[1], Route: binary.LittleEndian.Uint32(number)}, blob)
		if st != nil {
			return nil, st
		}
		return []byte(textOf(reply)), nil
	case "status": // SERVICE NUMBER
		service, n, _ := strings.Cut(rest, " ")
		number, _ := strconv.Atoi(n)
		if _, st := p.call(protocol.MethodServingStatus, protocol.ServingStatus{Service: service, Status: int32(number)}); st != nil {
			return nil, st
		}
		return nil, nil
	case "stream": // METHOD TEXT...: sends each text to a streaming method, and returns what comes back
		method, texts, _ := strings.Cut(rest, " ")
		return p.stream(ctx, c, method, strings.Fields(texts))
	case "refuse":
		return failed(codes.Code(number), "refused")
	}
	return []byte(text), nil
}

func (p *testProgram) stream(ctx context.Context, c *channel.ServerCall, method string, texts []string) ([]byte, *spb.Status) {
	failed := func(err error) ([]byte, *spb.Status) {
		return nil, &spb.Status{Code: int32(codes.Unavailable), Message: err.Error()}
	}
	h := &channel.Header{Method: method, Metadata: c.Metadata, Deadline: c.Deadline}
	s, err := p.way(h).OpenStream(h)
	if err != nil {
		return failed(err)
	}
	defer s.Close()
	for _, text := range texts {
		blob, _ := proto.Marshal(wrapperspb.String(text))
		if err := s.Send(ctx, blob); err != nil {
			break
		}
	}
	_ = s.CloseSend()
	var got []string
	for {
		m, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return failed(err)
		}
		got = append(got, textOf(m))
	}
	encoded, trailer, err := s.Result(ctx)
	if err != nil {
		return failed(err)
	}
	header, _, _ := s.Header(ctx)
	md, _, _ := parseMeta(header)
	_, t, _ := parseMeta(trailer)
	if len(encoded) > 0 {
		st := new(spb.Status)
		_ = proto.Unmarshal(encoded, st)
		return nil, st
	}
	return fmt.Appendf(nil, "%q %v %v", got, md["header"], t["trailer"]), nil
}

// serveStream echoes messages, and joins those of a method whose server sends one. A message may say what to do.
func (p *testProgram) serveStream(c *channel.ServerCall) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.OnCancel(cancel)
	_ = c.Stream.SendHeader(appendMeta(nil, metadata.Pairs("header", "of "+p.welcome.Function), 0))
	var joined []string
	var st *spb.Status
	for st == nil {
		m, err := c.Stream.Recv(ctx)
		if err != nil {
			break
		}
		text := textOf(m)
		verb, rest, _ := strings.Cut(text, " ")
		number, _ := strconv.Atoi(rest)
		switch verb {
		case "fail":
			st = &spb.Status{Code: int32(number), Message: "as told"}
		case "exit":
			os.Exit(number)
		case "flood": // until nobody waits any more
			for err == nil {
				blob, _ := proto.Marshal(wrapperspb.Bytes(make([]byte, 1<<10)))
				err = c.Stream.Send(ctx, blob)
			}
		default:
			joined = append(joined, text)
			if !strings.HasSuffix(c.Method, "/Up") {
				blob, _ := proto.Marshal(wrapperspb.String(text))
				_ = c.Stream.Send(ctx, blob)
			}
		}
	}
	if st == nil && strings.HasSuffix(c.Method, "/Up") {
		blob, _ := proto.Marshal(wrapperspb.String(strings.Join(joined, " ")))
		_ = c.Stream.Send(ctx, blob)
	}
	var encoded []byte
	if st != nil {
		encoded, _ = proto.Marshal(st)
	}
	_ = c.Stream.End(encoded, appendMeta(nil, metadata.Pairs("trailer", "of "+p.welcome.Function), metaTrailer))
}

// nativeFunction is a function whose isolates are the tests' program.
func nativeFunction(name string, exports []string, imports ...string) Function {
	return Function{Name: name, Exports: exports, Imports: imports, Places: []string{"native"}}
}

// newMixedApp is newApp for functions of which some, those without a guest, are native.
func newMixedApp(t testing.TB, g guests, edges ...Edge) *App {
	t.Helper()
	app := newApp(t, g, edges...)
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fsys := app.Guests.(fstest.MapFS)
	for _, f := range g {
		if f.code == nil {
			fsys["guests/"+f.Name+".native"] = &fstest.MapFile{Data: program}
			delete(fsys, "guests/"+f.Name+".wasm")
		}
	}
	return app
}
