package guest

import "testing"

// TestTranscode has strings without bytes, since addresses have no 32 bits here; the contract suite has others.
func TestTranscode(t *testing.T) {
	useArena(t)
	before := Transcode
	defer func() { Transcode = before }()
	data := []byte("data")
	var got Transcoding
	serve := func(reply uint32, out Transcoded, st *Status) Record {
		Transcode = func(in *Transcoding) (Transcoded, *Status) {
			got = *in
			return out, st
		}
		return enterTranscoding([9]uint32{4: reply}).Serve()
	}
	outcome := func(r Record) (n uint32, done bool) {
		t.Helper()
		if r.U8(0) != 0 {
			t.Errorf("got status %d", r.U32(transcodingPayload+statusCode))
		}
		r = r.At(transcodingPayload)
		return r.Len(transcodedData), r.Bool(transcodedDone)
	}
	if n, done := outcome(serve(1, Transcoded{Data: data, Done: true}, nil)); n != 4 || !done || !got.Reply || got.Codec != "" || got.Data != nil {
		t.Errorf("got %d bytes, %v, of %+v", n, done, got)
	}
	if r := serve(0, Transcoded{}, &Status{Code: 13, Message: "no"}); r.U8(0) != 1 || r.U32(transcodingPayload+statusCode) != 13 || got.Reply {
		t.Errorf("got %x, of %+v", resultWords(r), got)
	}
	if n, done := outcome(serve(0, Transcoded{}, nil)); n != 0 || done { // and nothing of what was before
		t.Errorf("got %d bytes, %v", n, done)
	}
}
