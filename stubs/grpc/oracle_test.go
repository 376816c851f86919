package grpc

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The behaviour suite runs every case against the real grpc-go first and against this package second. What the real one
// does is what is expected; no case states it.

// kit is what a case needs of gRPC, without its types. There is one for each implementation.
type kit struct {
	start   func(t *testing.T, s setup) client
	streams func(t *testing.T, s streamSetup) streamConn

	err           func(code uint32, msg string, details ...proto.Message) error
	okError       func() error // an error whose status is OK
	setHeader     func(ctx context.Context, kv ...string) error
	sendHeader    func(ctx context.Context, kv ...string) error
	setTrailer    func(ctx context.Context, kv ...string) error
	incoming      func(ctx context.Context) (map[string][]string, bool)
	incomingValue func(ctx context.Context, key string) []string
	method        func(ctx context.Context) (string, bool)
	hasPeer       func(ctx context.Context) peerKnown
	appendOut     func(ctx context.Context, kv ...string) context.Context
	newOut        func(ctx context.Context, md map[string][]string) context.Context
	outcome       func(err error) outcome
}

// setup is a server and a client of it.
type setup struct {
	handler func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error)
	// Names of interceptors, which log to log: the single option and the chain, of server and client.
	serverInt, clientInt     string
	serverChain, clientChain []string
	serverStats, clientStats bool
	serverCreds              bool
	nilReply                 bool // the server's interceptor returns nil, nil
	creds                    *tokenCreds
	log                      *eventLog
}

func (s *setup) logf(format string, a ...any) { s.log.add(fmt.Sprintf(format, a...)) }

// eventLog collects lines from the goroutines of a transport.
type eventLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *eventLog) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *eventLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

func (l *eventLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = nil
}

// patience is how long tests wait for what has to happen.
const patience = time.Minute

// wait returns the lines once n of them contain a text.
func (l *eventLog) wait(t *testing.T, n int, text string) []string {
	lines, ok := l.await(n, text)
	if !ok {
		t.Fatalf("no %d lines with %q", n, text)
	}
	return lines
}

// await is wait for goroutines that may not end the test.
func (l *eventLog) await(n int, text string) (lines []string, ok bool) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		lines = l.all()
		got := 0
		for _, line := range lines {
			if strings.Contains(line, text) {
				got++
			}
		}
		if got >= n {
			return lines, true
		}
	}
	return nil, false
}

type client struct {
	call   func(ctx context.Context, method, req string, creds *tokenCreds) result
	invoke func(ctx context.Context, i invocation) outcome
	close  func() error
}

// peerKnown is what there is of a peer.
type peerKnown struct{ addr, auth bool }

// invocation is a call as it comes.
type invocation struct {
	method      string
	args, reply any
	codec       anyCodec // nil for none
	maxRecv     int      // 0 for none
}

// anyCodec is a codec for either implementation.
type anyCodec interface {
	Marshal(v any) ([]byte, error)
	Unmarshal(data []byte, v any) error
	Name() string
}

// outcome is a status.
type outcome struct {
	code    uint32
	msg     string
	details []string
	ok      bool // the error has a status
}

// result is what a client sees of a call.
type result struct {
	outcome
	reply           string
	header, trailer map[string][]string
	finished        []string // what OnFinish was told
	peer            bool
	auth            string // the peer's AuthType
	deadline        bool   // errors.Is(err, context.DeadlineExceeded)
}

// tokenCreds are per-call credentials of either implementation.
type tokenCreds struct {
	md     map[string]string
	err    error
	secure bool
	uris   []string
}

func (c *tokenCreds) GetRequestMetadata(_ context.Context, uri ...string) (map[string]string, error) {
	c.uris = append(c.uris, uri...)
	return c.md, c.err
}

func (c *tokenCreds) RequireTransportSecurity() bool { return c.secure }

// serviceName and methodName name the one method that is served.
const (
	serviceName = "test.Echo"
	methodName  = "Say"
	fullName    = "/test.Echo/Say"
)

func init() {
	// The real transport needs no descriptor of the service; the stub looks one up for a nil reply of an interceptor.
	file := &descriptorpb.FileDescriptorProto{
		Name: proto.String("test_echo.proto"), Package: proto.String("test"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: proto.String("Echo"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name:       proto.String(methodName),
				InputType:  proto.String(".google.protobuf.StringValue"),
				OutputType: proto.String(".google.protobuf.StringValue"),
			}},
		}},
	}
	fd, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err == nil {
		err = protoregistry.GlobalFiles.RegisterFile(fd)
	}
	if err != nil {
		panic(err)
	}
}

// clean removes the headers that only a transport sets; see the caveats of this package.
func clean(md map[string][]string) map[string][]string {
	out := maps.Clone(md)
	maps.DeleteFunc(out, func(k string, _ []string) bool {
		return k == ":authority" || k == "user-agent" || k == "grpc-status-details-bin"
	})
	return out
}
