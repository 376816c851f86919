package isolate

import (
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

// BenchmarkCodec is what a call of 1 KB costs beside the channel, most of it: both messages are encoded and decoded.
func BenchmarkCodec(b *testing.B) {
	m := wrapperspb.Bytes(make([]byte, 1<<10))
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			buf, st := encode(m)
			if st == nil {
				st = decode(buf.bytes, new(wrapperspb.BytesValue))
			}
			if st != nil {
				b.Fatal(st)
			}
			buf.free()
		}
	}
}
