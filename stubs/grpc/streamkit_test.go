package grpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

// This file is what the cases of the streaming suite need of gRPC, without its types. realstream_test.go and stubstream_test.go have it
// for each implementation.

// streamService is a service with a method of each kind; all streaming ones have the same handler.
const streamService = "test.Stream"

var streamMethods = []struct {
	name           string
	client, server bool
}{
	{"Both", true, true}, {"Client", true, false}, {"Server", false, true},
}

// streamSetup is a server of streamService and a client of it.
type streamSetup struct {
	handler func(s serverSide) error
	// unary is the handler of method Unary.
	unary func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error)
	// Names of interceptors, which log: the single option and the chain.
	serverInt, clientInt     string
	serverChain, clientChain []string
	serverStats, clientStats bool
	serverRecv, serverSend   int // limits, if not 0
	codec                    *testCodec
	config                   string // the default service config
	opts                     *streamOptions
	log                      *eventLog
}

func (s *streamSetup) asSetup() *setup { return &setup{log: s.log} }

// streamOptions are those of a call, and what came of it.
type streamOptions struct {
	creds               *tokenCreds
	maxRecv, maxSend    int // limits, if not 0
	compressor, subtype string
	codec               *testCodec
	ready               bool // WaitForReady

	mu              sync.Mutex
	header, trailer map[string][]string
	peer            bool
	finished        []string // what OnFinish was told
}

// finish is called by OnFinish.
func (o *streamOptions) finish(err error, header, trailer map[string][]string, peer bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = append(o.finished, fmt.Sprint(err))
	o.header, o.trailer, o.peer = clean(header), clean(trailer), peer
}

// seen waits for the end of the call and returns what came of the options.
func (o *streamOptions) seen() string {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		o.mu.Lock()
		over, text := len(o.finished) > 0, fmt.Sprint(o.header, o.trailer, o.peer, o.finished)
		o.mu.Unlock()
		if over {
			return text
		}
	}
	return "OnFinish was not called"
}

// testCodec is a codec of either implementation. It shortens strings to three characters and takes no digits.
type testCodec struct{}

func (testCodec) Name() string { return "test" }

func (testCodec) Marshal(v any) ([]byte, error) {
	text := v.(*wrapperspb.StringValue).Value
	if strings.ContainsAny(text, "0123456789") {
		return nil, errors.New("a digit")
	}
	return []byte("!" + text[:min(len(text), 3)]), nil
}

func (testCodec) Unmarshal(data []byte, v any) error {
	v.(*wrapperspb.StringValue).Value = string(data[1:])
	return nil
}

// streamConn is a client.
type streamConn struct {
	// open begins a call of a method as one of the kind that is given.
	open   func(ctx context.Context, method string, client, server bool, o *streamOptions) (clientSide, error)
	invoke func(ctx context.Context, method, req string, o *streamOptions) (string, error)
	close  func() error
	server interface {
		Stop()
		GracefulStop()
	}
}

// clientSide and serverSide are the streams. Messages are StringValues.
type clientSide interface {
	Send(text string) error
	SendAny(m any) error
	Recv() (string, error)
	CloseSend() error
	Header() (map[string][]string, error)
	Trailer() map[string][]string
	Context() context.Context
	hasPeer() bool
}

type serverSide interface {
	Send(text string) error
	SendAny(m any) error
	Recv() (string, error)
	SetHeader(kv ...string) error
	SendHeader(kv ...string) error
	SetTrailer(kv ...string)
	Context() context.Context
	method() (string, bool)
}

// streamCase is a case of the streaming suite.
type streamCase struct {
	name string
	run  func(t *testing.T, k kit, report func(format string, a ...any))
}

func TestStreaming(t *testing.T) {
	for _, cases := range [][]streamCase{streamKinds, streamEnds, streamHeaders, streamCancels, streamHooks, streamLimits, configCases} {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { compare(t, echoCase(c)) })
		}
	}
}
