package transcode

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/host/internal/link"
)

// unhex reads hexadecimal digits, between which there may be spaces.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// oddWire are wire bytes that no encoder writes. Whether they are accepted is protobuf-go's to say; ok is here to be read, and
// to notice if it should ever change its mind.
var oddWire = []struct {
	name    string
	message protoreflect.FullName
	wire    string
	ok      bool
}{
	{"nothing", "test.All", "", true},
	{"field number 0", "test.Scalars", "00 00", false},
	{"field number 0 with an overlong tag", "test.Scalars", "80 00 00", false},
	{"highest field number", "test.Inner", "f8 ff ff ff 0f 00", true},
	{"field number beyond the highest", "test.Inner", "80 80 80 80 10 00", false},
	{"field number beyond 32 bits", "test.Inner", "88 80 80 80 80 01 00", false},
	{"wire type 6", "test.Scalars", "1e 00", false},
	{"wire type 7", "test.Scalars", "1f 00", false},
	{"overlong tag of a known field", "test.Scalars", "98 80 00 01", true},
	{"overlong varint", "test.Scalars", "18 81 80 80 80 80 80 80 80 80 00", true},
	{"varint of 11 bytes", "test.Scalars", "18 81 80 80 80 80 80 80 80 80 80 00", false},
	{"varint beyond 64 bits", "test.Scalars", "18 ff ff ff ff ff ff ff ff ff 02", false},
	{"int32 of more than 32 bits", "test.Scalars", "18 81 80 80 80 10", true},
	{"uint32 of more than 32 bits", "test.Scalars", "28 81 80 80 80 10", true},
	{"sint32 of more than 32 bits", "test.Scalars", "38 83 80 80 80 10", true},
	{"bool of 2", "test.Scalars", "80 80 01 02", true},
	{"bool of 1<<32", "test.Scalars", "80 80 01 80 80 80 80 10", true},
	{"enum that is not named", "test.Scalars", "78 2a", true},
	{"negative enum", "test.Scalars", "78 ff ff ff ff ff ff ff ff ff 01", true},

	{"varint for a string", "test.Inner", "10 05", true},
	{"bytes for a varint", "test.Inner", "0a 02 08 01", true},
	{"fixed64 for a fixed32", "test.Scalars", "81 01 01 02 03 04 05 06 07 08", true},
	{"varint for a message", "test.All", "10 01", true},
	{"group for a message", "test.All", "13 38 02 14", true},
	{"group for a list of messages", "test.All", "1b 1c", true},
	{"fixed32 for a list of varints", "test.Lists", "1d 01 02 03 04", true},
	{"unknown field between known ones", "test.Inner", "08 02 f8 01 07 12 01 61 f8 01 08", true},
	{"unknown group", "test.Inner", "a3 06 08 01 a4 06", true},
	{"unknown group in a group", "test.Inner", "a3 06 ab 06 ac 06 a4 06", true},
	{"group without an end", "test.Inner", "a3 06 08 01", false},
	{"end of another group", "test.Inner", "a3 06 ac 06", false},
	{"end of a group without a start", "test.Inner", "a4 06", false},
	{"deeper groups than protobuf allows", "test.Inner", strings.Repeat("a306", 10002) + strings.Repeat("a406", 10002), false},

	{"last scalar wins", "test.Inner", "08 02 08 04", true},
	{"last scalar wins, also if it is zero", "test.Inner", "08 02 08 00", true},
	{"last string wins, also if it is empty", "test.Inner", "12 01 61 12 00", true},
	{"string that is not UTF-8", "test.Inner", "12 01 ff", false},
	{"string that is not UTF-8 and is replaced", "test.Inner", "12 01 ff 12 01 61", false},
	{"surrogate in a string", "test.Inner", "12 03 ed a0 80", false},
	{"bytes that are not UTF-8", "test.Scalars", "fa ff ff ff 0f 01 ff", true},
	{"length beyond the end", "test.Inner", "12 02 61", false},
	{"length of 1<<63", "test.Inner", "12 80 80 80 80 80 80 80 80 80 01", false},

	{"packed list in pieces", "test.Inner", "1a 01 02 1a 00 1a 02 04 06", true},
	{"list packed and unpacked", "test.Inner", "1a 02 02 04 18 06", true},
	{"packed for a list that is declared unpacked", "test.Lists", "8a 01 02 01 02", true},
	{"packed fixed64s that are cut off", "test.Lists", "52 09 00 00 00 00 00 00 00 00 00", false},
	{"packed fixed32s that are cut off", "test.Lists", "4a 03 00 00 00", false},
	{"packed varints that are cut off", "test.Lists", "1a 02 01 80", false},
	{"overlong varints in a packed list", "test.Lists", "1a 05 81 00 81 80 00", true},

	{"message in pieces", "test.Outer", "0a 04 0a 02 08 02 0a 05 0a 03 12 01 61", true},
	{"message in pieces with a list in each", "test.Outer", "0a 04 12 02 08 02 0a 04 12 02 08 04", true},
	{"empty piece after a full one", "test.Outer", "0a 04 0a 02 08 02 0a 00", true},
	{"pieces with unknown fields", "test.Outer", "0a 05 f8 01 01 0a 00 0a 03 f8 01 02", true},
	// The pieces are no messages, and their concatenation is one.
	{"message torn within a field", "test.Outer", "0a 02 0a 02 0a 02 08 02", false},
	{"message torn within a tag", "test.Outer", "0a 01 f8 0a 02 01 01", false},
	{"message torn within an unknown group", "test.Outer", "0a 02 a3 06 0a 02 a4 06", false},
	{"message torn two levels below", "test.Outer", "0a 04 0a 02 12 02 0a 04 0a 02 61 61", false},
	{"message torn between two good pieces", "test.All", "fa 01 00 fa 01 01 0a fa 01 01 00 fa 01 00", false},
	{"torn in an element of a list", "test.All", "82 02 06 0a 01 0a 0a 01 00", false},
}

func TestDecode_oddWire(t *testing.T) {
	for _, tt := range oddWire {
		t.Run(tt.name, func(t *testing.T) {
			m, md := message(t, tt.message)
			wire := unhex(t, tt.wire)
			if _, err := canonical(md, wire); (err == nil) != tt.ok {
				t.Errorf("protobuf-go: got error %v, want it accepted: %v", err, tt.ok)
			}
			checkAgrees(t, m, md, wire)
		})
	}
}

// Every prefix of a message, and every single bit of it, as protobuf-go has it.
func TestDecode_damage(t *testing.T) {
	m, md := message(t, "test.All")
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		wire, err := proto.Marshal(randomMessage(r, md))
		if err != nil {
			t.Fatal(err)
		}
		wire = wire[:min(len(wire), 2000)]
		for n := range wire {
			checkAgrees(t, m, md, wire[:n])
			flipped := append([]byte(nil), wire...)
			flipped[n] ^= 1 << r.IntN(8)
			checkAgrees(t, m, md, flipped)
		}
	}
}

func TestDecode_Errors(t *testing.T) {
	m, _ := message(t, "test.All")
	for _, tt := range []struct {
		name, wire, want string
	}{
		{"malformed", "0a", "proto: cannot parse invalid wire-format data"},
		{"string", "82 02 05 12 03 ed a0 80", "proto: string field contains invalid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Decode(m, unhex(t, tt.wire), new(link.Buffer), noLimit)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// The limit is on memory, to the byte, and is found before memory is taken.
func TestDecode_limit(t *testing.T) {
	m, md := message(t, "test.All")
	wire, err := proto.Marshal(randomMessage(rand.New(rand.NewPCG(5, 6)), md))
	if err != nil {
		t.Fatal(err)
	}
	var mem link.Buffer
	if _, err := Decode(m, wire, &mem, noLimit); err != nil {
		t.Fatal(err)
	}
	exact := uint64(len(mem.Bytes()) - 8) // a Buffer never gives out address 0
	if _, err := Decode(m, wire, new(link.Buffer), exact); err != nil {
		t.Errorf("with a limit of %d bytes: %v", exact, err)
	}
	for _, limit := range []uint64{0, 1, exact / 2, exact - 1} {
		var mem link.Buffer
		_, err := Decode(m, wire, &mem, limit)
		var want *link.LimitError
		if !errors.As(err, &want) || want.Limit != limit {
			t.Errorf("with a limit of %d bytes: got %v, want a LimitError", limit, err)
		}
		if len(mem.Bytes()) > 0 {
			t.Errorf("with a limit of %d bytes: %d were taken", limit, len(mem.Bytes()))
		}
	}
}
