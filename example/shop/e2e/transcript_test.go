package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

// transcript is what a client saw, without what differs from run to run.
type transcript struct {
	start time.Time
	known map[string]string
	lines []string
}

func newTranscript() *transcript {
	return &transcript{start: time.Now(), known: make(map[string]string)}
}

func (tr *transcript) add(what, text string) {
	tr.lines = append(tr.lines, what+": "+rig.Comparable(text, tr.start, tr.known))
}

// reply adds the outcome of a call.
func (tr *transcript) reply(what string, m proto.Message, err error) {
	if err != nil {
		tr.failure(what, err)
		return
	}
	text, err := protojson.Marshal(m)
	if err != nil {
		text = []byte(err.Error())
	}
	tr.add(what, "OK "+string(text))
}

// failure adds a status with its details.
func (tr *transcript) failure(what string, err error) {
	text, jsonErr := protojson.Marshal(status.Convert(err).Proto())
	if jsonErr != nil {
		text = []byte(jsonErr.Error())
	}
	tr.add(what, status.Code(err).String()+" "+string(text))
}

// stream adds all messages of a stream, and how it ends.
func stream[M any](tr *transcript, what string, s grpc.ServerStreamingClient[M], err error) {
	for i := 0; err == nil; i++ {
		var m *M
		if m, err = s.Recv(); err == nil {
			tr.reply(fmt.Sprintf("%s, message %d", what, i), any(m).(proto.Message), nil)
		}
	}
	if errors.Is(err, io.EOF) {
		tr.add(what, "EOF")
		return
	}
	tr.failure(what, err)
}

// same compares transcripts.
func same(t *testing.T, native, host *transcript) {
	t.Helper()
	for i := range max(len(native.lines), len(host.lines)) {
		var want, got string
		if i < len(native.lines) {
			want = native.lines[i]
		}
		if i < len(host.lines) {
			got = host.lines[i]
		}
		if want != got {
			t.Errorf("line %d differs:\n  natively     %s\n  consolidated %s", i, want, got)
		}
	}
	if t.Failed() {
		t.Logf("natively:\n%s", strings.Join(native.lines, "\n"))
	}
}

// as returns a context for calls on behalf of a user.
func as(ctx context.Context, user string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-user-id", user, "x-request-id", "request of "+user)
}

func dial(t *testing.T, shop *rig.Shop, function string) *grpc.ClientConn {
	t.Helper()
	conn, err := shop.Dial(function)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
