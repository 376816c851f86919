package transcode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/host/internal/link"
)

// Whatever a client sends, a call costs no more than its bytes: these are a megabyte each of what would take hours if
// something were looked at anew for each occurrence.
func TestDecode_linear(t *testing.T) {
	const (
		size  = 1 << 20
		limit = 20 * time.Second // a thousand times what it takes
	)
	fill := func(pieces ...string) []byte {
		var piece []byte
		for _, p := range pieces {
			piece = append(piece, mustUnhex(p)...)
		}
		return bytes.Repeat(piece, size/len(piece))
	}
	entries := func(tag byte, distinct bool, value string) []byte {
		var b []byte
		for i := uint32(0); len(b) < size; i++ {
			e := []byte{0x0a, 4, 'a', 'b', 'c', 'd'}
			if distinct {
				binary.LittleEndian.PutUint32(e[2:], i&0x7f7f7f7f)
			}
			e = append(e, mustUnhex(value)...)
			b = append(protowire.AppendVarint(append(b, tag), uint64(len(e))), e...)
		}
		return b
	}
	// split nests messages, each in two pieces: the second one deeper than the first.
	split := func(tag byte, levels int) []byte {
		var b []byte
		for range levels {
			b = append(protowire.AppendVarint([]byte{tag, 0, tag}, uint64(len(b))), b...)
		}
		return b
	}
	groups := bytes.Repeat(mustUnhex("300113"), 9000)
	groups = append(groups, 0x30, 1)
	groups = append(groups, bytes.Repeat([]byte{0x14}, 9000)...)
	for _, tt := range []struct {
		name    string
		message protoreflect.FullName
		wire    []byte
		want    error
	}{
		{"message in many pieces", "test.Outer", fill("0a 04 0a 02 08 02"), nil},
		{"message in empty pieces", "test.All", fill("fa 01 00 12 00"), nil},
		{"box in many pieces", "test.All", fill("c2 3e 02 08 01 12 00"), nil},
		{"group in many pieces", "test.Legacy", fill("5b 1b 08 01 1c 5c"), nil},
		{"list in many pieces", "test.Lists", fill("1a 01 02"), nil},
		{"string that is replaced", "test.Inner", fill("12 01 61"), nil},
		{"unknown fields", "test.Inner", fill("f8 01 01"), nil},
		{"unknown fields of a message in many pieces", "test.All", fill("fa 01 03 f8 01 01"), nil},
		{"unknown groups", "test.Inner", fill("a3 06 a4 06"), nil},
		{"oneof with the same message", "test.Oneofs", fill("92 01 02 08 02"), nil},
		{"oneof with changing messages", "test.Oneofs", fill("92 01 02 08 02 8a 01 00"), nil},
		{"oneof with changing groups", "test.Legacy", fill("6b 0a 01 61 6c 72 01 62"), nil},
		{"oneof in many pieces", "test.All", fill("2a 05 92 01 02 08 02 2a 03 8a 01 00"), nil},
		{"map with one key", "test.Maps", entries(0x62, false, "12 01 61"), nil},
		{"map with many keys", "test.Maps", entries(0x62, true, "12 01 61"), nil},
		{"map with one key that lacks required fields", "test.Required", bytes.Repeat(mustUnhex("42 04 08 01 12 00"), size/6), &RequiredError{"test.Required.text"}},
		{"encoded message in many pieces", "test.Tree", fill("12 03 0a 01 61"), nil},
		{"encoded message in empty pieces", "test.Tree", fill("12 00"), nil},
		{"encoded value of an entry in many pieces", "test.Maps", append(protowire.AppendVarint([]byte{0x7a}, size), fill("12 00")...), nil},
		{"encoded message, deep", "test.Tree", split(0x12, 9000), nil},
		{"encoded group, deep", "test.Delimited", groups, nil},
		{"required message in many pieces", "test.Required", fill("12 02 18 01"), &RequiredError{"test.Required.text"}},
		{"required messages in a list", "test.Legacy", fill("9a 01 00"), &RequiredError{"test.Required.text"}},
		{"required messages in a oneof", "test.Required", fill("2a 00 32 00"), &RequiredError{"test.Required.text"}},
		{"required message, deep", "test.Required", split(0x12, 9000), &RequiredError{"test.Required.text"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := message(t, tt.message)
			var mem link.Buffer
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			at, err := Decode(m, tt.wire, &mem, noLimit)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			switch want := (*RequiredError)(nil); {
			case errors.As(tt.want, &want):
				if err == nil || err.Error() != want.Error() {
					t.Fatalf("got %v, want %v", err, want)
				}
			case err != nil:
				t.Fatal(err)
			default:
				start := time.Now()
				if _, err := Encode(m, mem.Bytes(), at, nil, noLimit); err != nil {
					t.Error(err)
				}
				took += time.Since(start)
			}
			if took > limit {
				t.Errorf("%d bytes took %v", len(tt.wire), took)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 300*uint64(len(tt.wire)) {
				t.Errorf("%d bytes took %d bytes of memory", len(tt.wire), n)
			} else {
				t.Logf("%v, %d bytes of memory per byte", took, n/uint64(len(tt.wire)))
			}
		})
	}
}
