package protocol

import (
	"bytes"
	"testing"
)

// Whatever the other end writes, it is read without harm, and means what is written again.
func FuzzTranscoding(f *testing.F) {
	f.Add((&Transcoding{Codec: "json", Method: "/s/m", Reply: true, Data: []byte("{}")}).Append(nil))
	f.Add((&Transcoded{Data: []byte("{}"), Done: true}).Append(nil))
	f.Add([]byte("\x0a\x05x"))
	f.Add([]byte("\x0d\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if in, err := ParseTranscoding(b); err == nil {
			again, err := ParseTranscoding(in.Append(nil))
			if err != nil || again.Codec != in.Codec || again.Method != in.Method || again.Reply != in.Reply || !bytes.Equal(again.Data, in.Data) {
				t.Errorf("%x is %+v, and then %+v, %v", b, in, again, err)
			}
		}
		if out, err := ParseTranscoded(b); err == nil {
			again, err := ParseTranscoded(out.Append(nil))
			if err != nil || again.Done != out.Done || !bytes.Equal(again.Data, out.Data) {
				t.Errorf("%x is %+v, and then %+v, %v", b, out, again, err)
			}
		}
	})
}
