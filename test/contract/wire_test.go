package contract

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

// wire is a connection to a server, on which a test says what it likes, and which keeps what the server answers as lines. What depends
// on time is left out: windows, pings, and acknowledgements.
type wire struct {
	t      *testing.T
	conn   net.Conn
	framer *http2.Framer
	fields bytes.Buffer
	hpack  *hpack.Encoder
	seen   []string
}

func newWire(t *testing.T, addr string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(3 * time.Minute)) // so that a test that waits for what does not come, ends
	w := &wire{t: t, conn: conn, framer: http2.NewFramer(conn, conn)}
	w.framer.AllowIllegalWrites = true
	w.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	w.hpack = hpack.NewEncoder(&w.fields)
	// The server speaks first.
	frame, err := w.framer.ReadFrame()
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok {
		t.Fatalf("got %v, %v", frame, err)
	}
	line := "SETTINGS"
	settings.ForeachSetting(func(s http2.Setting) error { line += " " + s.String(); return nil })
	w.seen = append(w.seen, line)
	return w
}

// hello begins HTTP/2.
func (w *wire) hello() {
	io.WriteString(w.conn, http2.ClientPreface)
	w.framer.WriteSettings()
}

// headers begins a stream with a call of a method, in which fields replace others or are added; "-name" leaves one out.
func (w *wire) headers(stream uint32, path string, end bool, fields ...string) {
	w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: w.block(path, fields...), EndStream: end, EndHeaders: true})
}

func (w *wire) block(path string, fields ...string) []byte {
	list := []string{":method", "POST", ":scheme", "http", ":path", path, ":authority", "contract", "te", "trailers", "content-type", "application/grpc"}
	for i := 0; i < len(fields); i += 2 {
		name, leave := strings.CutPrefix(fields[i], "-")
		at := -1
		for j := 0; j < len(list); j += 2 {
			if list[j] == name {
				at = j
			}
		}
		switch {
		case leave:
			list = slices.Delete(list, at, at+2)
		case at >= 0:
			list[at+1] = fields[i+1]
		default:
			list = append(list, fields[i], fields[i+1])
		}
	}
	w.fields.Reset()
	for i := 0; i < len(list); i += 2 {
		w.hpack.WriteField(hpack.HeaderField{Name: list[i], Value: list[i+1]})
	}
	return bytes.Clone(w.fields.Bytes())
}

// message is a gRPC message with a flag, and a length that may be wrong.
func message(flag byte, length int, content []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flag}, uint32(length)), content...)
}

func order(steps ...*pb.Step) []byte {
	content, err := proto.Marshal(script.Order(steps...))
	if err != nil {
		panic(err)
	}
	return message(0, len(content), content)
}

// last is what a case waits for.
type last int

const (
	streamEnds last = iota
	connectionEnds
	pingAnswered
)

const barrier = "barrier." // of eight bytes, as pings have

// read keeps what the server says until the end that is wanted, or that of the connection.
func (w *wire) read(until last) {
	if until == pingAnswered {
		w.framer.WritePing(false, [8]byte([]byte(barrier)))
	}
	for {
		frame, err := w.framer.ReadFrame()
		var net net.Error
		switch {
		case errors.As(err, &net) && net.Timeout():
			w.seen = append(w.seen, "nothing more")
			return
		case err != nil:
			// A reset or an end of file: that depends on what was still on its way.
			w.seen = append(w.seen, "connection ends")
			return
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				w.seen = append(w.seen, f.String())
			}
		case *http2.MetaHeadersFrame:
			line := fmt.Sprintf("HEADERS %d end=%t", f.StreamID, f.StreamEnded())
			for _, field := range f.Fields {
				// protobuf-go has some builds say a space, and some what looks like one.
				line += fmt.Sprintf(" %s=%q", field.Name, strings.ReplaceAll(field.Value, "proto:%C2%A0", "proto: "))
			}
			w.seen = append(w.seen, line)
			if f.StreamEnded() && until == streamEnds {
				return
			}
		case *http2.DataFrame:
			w.seen = append(w.seen, fmt.Sprintf("DATA %d end=%t %q", f.StreamID, f.StreamEnded(), f.Data()))
		case *http2.RSTStreamFrame:
			w.seen = append(w.seen, fmt.Sprintf("RST_STREAM %d %v", f.StreamID, f.ErrCode))
			if until == streamEnds {
				return
			}
		case *http2.GoAwayFrame:
			w.seen = append(w.seen, fmt.Sprintf("GOAWAY last=%d %v %q", f.LastStreamID, f.ErrCode, f.DebugData()))
		case *http2.PingFrame:
			switch {
			case f.IsAck() && string(f.Data[:]) == barrier && until == pingAnswered:
				return
			case !f.IsAck():
				w.framer.WritePing(true, f.Data)
			}
		}
	}
}

const (
	unaryPath = "/contract.v1.BackendA/Unary"
	chatPath  = "/contract.v1.BackendA/Chat"
)

// wireCase is traffic that no client of grpc-go sends, or sends like this.
type wireCase struct {
	name  string
	send  func(w *wire)
	until last
}

// call is a case of one call: its headers, and if there are any, bytes of data that end it.
func oneCall(path string, data []byte, fields ...string) func(w *wire) {
	return func(w *wire) {
		w.hello()
		w.headers(1, path, data == nil, fields...)
		if data != nil {
			w.framer.WriteData(1, true, data)
		}
	}
}

// raw is a case of a call to which frames are added that are wrong.
func rawFrames(send func(w *wire)) func(w *wire) {
	return func(w *wire) {
		w.hello()
		send(w)
	}
}

func wireCases() []wireCase {
	good := order()
	cases := []wireCase{
		{"not HTTP/2", func(w *wire) { io.WriteString(w.conn, "GET / HTTP/1.1\r\nHost: contract\r\n\r\n") }, connectionEnds},
		{"not HTTP at all", func(w *wire) { w.conn.Write(bytes.Repeat([]byte{0xff, 0}, 100)) }, connectionEnds},
		{"preface without settings", func(w *wire) { io.WriteString(w.conn, http2.ClientPreface); w.headers(1, unaryPath, true) }, connectionEnds},
		{"half a preface", func(w *wire) { io.WriteString(w.conn, http2.ClientPreface[:10]); w.conn.(*net.TCPConn).CloseWrite() }, connectionEnds},
		{"nothing", func(w *wire) { w.conn.(*net.TCPConn).CloseWrite() }, connectionEnds},
		{"headers of another protocol", oneCall("/", nil, "content-type", "text/html", ":method", "GET", "-te", ""), streamEnds},
		{"unknown frame", rawFrames(func(w *wire) { w.framer.WriteRawFrame(0x77, 0, 0, []byte("what")) }), pingAnswered},
		{"large frame", rawFrames(func(w *wire) {
			w.headers(1, unaryPath, false)
			w.framer.WriteRawFrame(http2.FrameData, http2.FlagDataEndStream, 1, make([]byte, 1<<15))
		}), connectionEnds},
		{"settings of a wrong size", rawFrames(func(w *wire) { w.framer.WriteRawFrame(http2.FrameSettings, 0, 0, []byte("12345")) }), connectionEnds},
		{"settings on a stream", rawFrames(func(w *wire) { w.framer.WriteRawFrame(http2.FrameSettings, 0, 3, make([]byte, 6)) }), connectionEnds},
		{"settings with a large window", rawFrames(func(w *wire) {
			w.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}), connectionEnds},
		{"ping of a wrong size", rawFrames(func(w *wire) { w.framer.WriteRawFrame(http2.FramePing, 0, 0, []byte("123")) }), connectionEnds},
		{"data on stream 0", rawFrames(func(w *wire) { w.framer.WriteRawFrame(http2.FrameData, 0, 0, good) }), connectionEnds},
		{"data on a stream that is not there", rawFrames(func(w *wire) { w.framer.WriteData(5, false, good) }), pingAnswered},
		{"headers on an even stream", rawFrames(func(w *wire) { w.headers(2, unaryPath, true) }), connectionEnds},
		// The first one is not answered as long as there is no request, and so not before the connection ends.
		{"streams in the wrong order", rawFrames(func(w *wire) { w.headers(5, unaryPath, false); w.headers(3, unaryPath, true) }), connectionEnds},
		{"continuation of nothing", rawFrames(func(w *wire) { w.framer.WriteContinuation(1, true, nil) }), connectionEnds},
		{"headers that are interrupted", rawFrames(func(w *wire) {
			w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: w.block(unaryPath)})
			w.framer.WriteData(1, true, good)
		}), connectionEnds},
		{"headers that are not compressed right", rawFrames(func(w *wire) {
			w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: bytes.Repeat([]byte{0xff}, 50), EndHeaders: true})
		}), connectionEnds},
		{"window of 0", rawFrames(func(w *wire) { w.headers(1, chatPath, false); w.framer.WriteWindowUpdate(1, 0) }), streamEnds},
		{"too many pings", rawFrames(func(w *wire) {
			for range 10 {
				w.framer.WritePing(false, [8]byte{})
			}
		}), connectionEnds},
		{"headers of 20 MB", rawFrames(func(w *wire) {
			block := w.block(unaryPath, "x-large", strings.Repeat("x", 20<<20))
			w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:1<<14], EndStream: true})
			for block = block[1<<14:]; len(block) > 0; {
				n := min(len(block), 1<<14)
				if w.framer.WriteContinuation(1, n == len(block), block[:n]) != nil {
					return
				}
				block = block[n:]
			}
		}), streamEnds},
		{"a reset in the middle", rawFrames(func(w *wire) {
			w.headers(1, chatPath, false)
			w.framer.WriteData(1, false, order(script.Sleep(10*time.Second))) // longer than it takes to reset it
			w.framer.WriteRSTStream(1, http2.ErrCodeCancel)
		}), pingAnswered},
	}
	for _, path := range []string{unaryPath, chatPath} {
		add := func(name string, send func(w *wire)) {
			cases = append(cases, wireCase{name + ", " + path[strings.LastIndexByte(path, '/')+1:], send, streamEnds})
		}
		for _, f := range []struct {
			name   string
			fields []string
		}{
			{"as it should be", nil},
			{"content-type of JSON", []string{"content-type", "application/json"}},
			{"content-type of gRPC-Web", []string{"content-type", "application/grpc-web"}},
			{"content-type with a subtype", []string{"content-type", "application/grpc+json"}},
			{"content-type with a parameter", []string{"content-type", "application/grpc;charset=utf-8"}},
			{"content-type that is empty", []string{"content-type", ""}},
			{"no content-type", []string{"-content-type", ""}},
			{"GET", []string{":method", "GET"}},
			{"no method", []string{"-:method", ""}},
			{"no scheme", []string{"-:scheme", ""}},
			{"no authority", []string{"-:authority", ""}},
			{"authority and host", []string{"host", "another"}},
			{"no te", []string{"-te", ""}},
			{"connection", []string{"connection", "close"}},
			{"upper case", []string{"X-Upper", "1"}},
			{"a value that is no text", []string{"x-bad", "a\x00b"}},
			{"timeout that is none", []string{"grpc-timeout", "soon"}},
			{"timeout without a unit", []string{"grpc-timeout", "12"}},
			{"timeout with a sign", []string{"grpc-timeout", "-1S"}},
			{"timeout that is long", []string{"grpc-timeout", "123456789S"}},
			{"timeout of 0", []string{"grpc-timeout", "0n"}},
			{"binary metadata that is none", []string{"x-bin", "!!"}},
			{"unknown encoding", []string{"grpc-encoding", "zip"}},
			{"encoding, and no message that has it", []string{"grpc-encoding", "gzip"}},
		} {
			add(f.name, oneCall(path, good, f.fields...))
		}
		for _, d := range []struct {
			name string
			data []byte
		}{
			{"no message", nil},
			{"an empty frame", []byte{}},
			{"half a prefix", []byte{0, 0, 0}},
			{"a prefix and nothing", message(0, 10, nil)},
			{"half a message", message(0, 10, []byte("12345"))},
			// Hosts read ahead of handlers, and what cannot be read ends the call: so this one reads all.
			{"half a second message", append(order(script.ReceiveAll()), message(0, 10, []byte("12345"))...)},
			{"two messages", append(order(script.ReceiveAll()), good...)},
			{"what is no message", message(0, 3, []byte("\xff\xff\xff"))},
			{"a message cut off within a field", message(0, 2, []byte("\x0a\x7f"))},
			{"a flag that says compressed", message(1, len(good)-5, good[5:])},
			{"a flag that there is not", message(2, len(good)-5, good[5:])},
			{"a message of 5 MB", message(0, 5<<20, make([]byte, 100))},
			{"a message of 4 GB", message(0, 1<<32-1, make([]byte, 100))},
		} {
			add(d.name, oneCall(path, d.data))
		}
		add("compressed, and not", oneCall(path, message(1, 5, []byte("12345")), "grpc-encoding", "gzip"))
		add("an encoding that is not known, and compressed", oneCall(path, message(1, 5, []byte("12345")), "grpc-encoding", "zip"))
	}
	for _, path := range []string{"", "/", "x", "*", "/contract.v1.BackendA", "/contract.v1.BackendA/", "/contract.v1.BackendA/None", "/contract.v1.None/Unary",
		"contract.v1.BackendA/Unary", "//Unary", "/contract.v1.BackendA/Unary/", "/contract.v1.BackendA/unary", "/contract.v1.BackendA/Unary?x=y"} {
		cases = append(cases, wireCase{fmt.Sprintf("path %q", path), oneCall(path, good), streamEnds})
	}
	return cases
}

// TestWire talks to a as no client of grpc-go does: hosts have to answer as grpc-go does natively.
func TestWire(t *testing.T) {
	var oracle map[string][]string
	for _, m := range chosen(t) {
		t.Run(m.name, func(t *testing.T) {
			sys := m.start(t)
			got := map[string][]string{}
			for _, c := range wireCases() {
				w := newWire(t, sys.addr)
				c.send(w)
				w.read(c.until)
				got[c.name] = w.seen
				w.conn.Close()
				if len(w.seen) == 0 || slices.Contains(w.seen, "nothing more") {
					t.Errorf("%s: the server says nothing, after %q", c.name, w.seen)
				}
			}
			if oracle == nil {
				oracle = got
			}
			for _, c := range wireCases() {
				if want, got := strings.Join(oracle[c.name], "\n"), strings.Join(got[c.name], "\n"); got != want {
					t.Errorf("%s:\n%s\nand natively:\n%s", c.name, got, want)
				}
			}
			if _, err := pb.NewBackendAClient(sys.conn).Unary(t.Context(), script.Order()); err != nil {
				t.Errorf("a call afterwards: %v", err)
			}
		})
	}
}

// TestSlowClients has clients say nothing, or something so slowly that it never comes to an end: others are served meanwhile, and who is
// only slow gets an answer.
func TestSlowClients(t *testing.T) {
	for _, m := range chosen(t) {
		t.Run(m.name, func(t *testing.T) {
			sys := m.start(t)
			var begun []func(w *wire)
			begun = append(begun,
				func(w *wire) {},
				func(w *wire) { io.WriteString(w.conn, http2.ClientPreface[:5]) },
				func(w *wire) { io.WriteString(w.conn, http2.ClientPreface) },
				func(w *wire) { w.hello() },
				func(w *wire) {
					w.hello()
					w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: w.block(unaryPath)[:5]})
				},
				func(w *wire) { w.hello(); w.headers(1, unaryPath, false) },
				func(w *wire) { w.hello(); w.headers(1, chatPath, false) },
				func(w *wire) {
					w.hello()
					w.headers(1, unaryPath, false)
					w.framer.WriteData(1, false, message(0, 1<<20, make([]byte, 100)))
				},
				func(w *wire) {
					w.hello()
					w.headers(1, chatPath, false)
					w.framer.WriteData(1, false, message(0, 1<<20, make([]byte, 100)))
				})
			for _, begin := range begun {
				for range 16 {
					begin(newWire(t, sys.addr))
				}
			}
			client := pb.NewBackendAClient(sys.conn)
			for range 100 {
				if _, err := client.Unary(t.Context(), script.Order()); err != nil {
					t.Fatal(err)
				}
			}
			// One byte at a time.
			w := newWire(t, sys.addr)
			var all bytes.Buffer
			slow := &wire{t: t, framer: http2.NewFramer(&all, nil)}
			slow.hpack = hpack.NewEncoder(&slow.fields)
			all.WriteString(http2.ClientPreface)
			slow.framer.WriteSettings()
			slow.headers(1, unaryPath, false)
			slow.framer.WriteData(1, true, order())
			for _, b := range all.Bytes() {
				w.conn.Write([]byte{b})
				time.Sleep(time.Millisecond)
			}
			w.read(streamEnds)
			if n := len(w.seen); n == 0 || !strings.Contains(w.seen[n-1], `grpc-status="0"`) {
				t.Errorf("got %q", w.seen)
			}
		})
	}
}
