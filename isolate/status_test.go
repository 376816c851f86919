package isolate

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
)

// TestStatus checks that the bytes of a status are those of the message of that name.
func TestStatus(t *testing.T) {
	for _, st := range []*guest.Status{
		{Code: 5},
		{Code: 13, Message: "grpc: ü"},
		{Code: 1<<32 - 7, Message: "a code of no meaning"},
		{Code: 3, Message: "m", Details: []guest.Detail{{TypeURL: "a/b", Value: []byte{1, 2}}, {TypeURL: "empty"}}},
	} {
		b := encodeStatus(st)
		var p spb.Status
		if err := proto.Unmarshal(b, &p); err != nil {
			t.Fatal(err)
		}
		want := &spb.Status{Code: int32(st.Code), Message: st.Message}
		for _, d := range st.Details {
			want.Details = append(want.Details, &anypb.Any{TypeUrl: d.TypeURL, Value: d.Value})
		}
		if !proto.Equal(&p, want) {
			t.Errorf("got %v, want %v", &p, want)
		}
		b, err := proto.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := decodeStatus(b); !reflect.DeepEqual(got, st) {
			t.Errorf("got %+v, want %+v", got, st)
		}
	}
	if b := encodeStatus(nil); len(b) != 0 {
		t.Errorf("success has %d bytes", len(b))
	}
	if st := decodeStatus(nil); st != nil {
		t.Errorf("success is %v", st)
	}
}

// TestDecodeStatus_Foreign checks what an isolate may send that is up to anything.
func TestDecodeStatus_Foreign(t *testing.T) {
	for name, tt := range map[string]struct {
		bytes string
		code  uint32
		text  string
	}{
		"no code":               {"\x12\x01m", 0, ""},
		"cut off":               {"\x08\x05\x12\x09m", codeInternal, "grpc: malformed status: unexpected EOF"},
		"a detail cut off":      {"\x08\x05\x1a\x02\x0a\x05", codeInternal, "grpc: malformed status: unexpected EOF"},
		"a message not in UTF8": {"\x08\x05\x12\x02\xff\xfe", 5, "\ufffd\ufffd"},
		"fields of other types": {"\x0a\x01x\x10\x01\x18\x01\x08\x05", 5, ""},
		"unknown fields":        {"\x08\x05\x25abcd\x29abcdefgh", 5, ""},
		"a group not ended":     {"\x08\x05\x2b", codeInternal, "grpc: malformed status: unexpected EOF"},
	} {
		st := decodeStatus([]byte(tt.bytes))
		if st == nil {
			st = &guest.Status{}
		}
		if st.Code != tt.code || st.Message != tt.text {
			t.Errorf("%s: got %d %q", name, st.Code, st.Message)
		}
	}
}

func TestFailure(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{context.Canceled, "1 context canceled"},
		{context.DeadlineExceeded, "4 context deadline exceeded"},
		{channel.ErrClosed, "14 error reading from server: EOF"},
		{fmt.Errorf("%w: why", channel.ErrClosed), "14 error reading from server: EOF"},
		{channel.ErrAbandoned, "13 function f has ended the call without an outcome"},
		{&channel.SizeError{Size: 9, Max: 8}, "8 grpc: received message larger than max (9 vs. 8)"},
	} {
		st := failure(tt.err, "function f")
		if got := fmt.Sprint(st.Code, " ", st.Message); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.err, got, tt.want)
		}
	}
}
