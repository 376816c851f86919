package transcode

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/host/internal/link"
)

// FuzzDecode holds Decode to protobuf-go on any wire bytes.
func FuzzDecode(f *testing.F) {
	for _, tt := range oddWire {
		f.Add(unhex(f, tt.wire))
	}
	names := []protoreflect.FullName{
		"test.Scalars", "test.Lists", "test.Outer", "test.All", "test.Optional", "test.Oneofs", "test.Maps", "test.Tree", "test.Ping",
		"test.Legacy", "test.Required", "test.Chain", "test.Edition", "test.Delimited", "test.Crowd",
		"test.Groups",
	}
	r := rand.New(rand.NewPCG(7, 8))
	for _, name := range names {
		_, mt := message(f, name)
		wire, err := proto.Marshal(randomMessage(r, mt.New(), 4).Interface())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		for _, name := range names {
			m, mt := message(t, name)
			checkAgrees(t, m, mt, wire)
		}
	})
}

// FuzzEncode reads records from any memory: it must not panic, write to the memory, or exceed the limit.
func FuzzEncode(f *testing.F) {
	m, mt := message(f, "test.All")
	r := rand.New(rand.NewPCG(9, 10))
	for range 8 {
		wire, err := proto.Marshal(randomMessage(r, mt.New(), 2).Interface())
		if err != nil {
			f.Fatal(err)
		}
		var mem link.Buffer
		at, err := Decode(m, wire, &mem, noLimit)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(mem.Bytes(), at, uint16(len(wire)))
	}
	f.Fuzz(func(t *testing.T, mem []byte, at uint32, limit uint16) {
		before := bytes.Clone(mem)
		prefix := []byte("prefix")
		got, err := Encode(m, mem, at, prefix, uint64(limit))
		if !bytes.Equal(mem, before) {
			t.Fatal("the memory was changed")
		}
		var bad *link.BadValueError
		var tooLarge *link.LimitError
		switch {
		case err == nil:
			if !bytes.HasPrefix(got, prefix) {
				t.Fatalf("got %x, which does not begin with the prefix", got)
			}
			if n := len(got) - len(prefix); n > int(limit) {
				t.Fatalf("got %d bytes with a limit of %d", n, limit)
			}
		case got != nil:
			t.Fatalf("got both %x and an error", got)
		case errors.As(err, &bad), errors.As(err, &tooLarge), isRefusal(err):
		default:
			t.Fatalf("unexpected kind of error: %v", err)
		}
	})
}

// FuzzRoundTrip decodes into the memory of a guest, around which nothing may be written, and encodes from there: the wire
// bytes must survive whatever order they came in, up to what protobuf-go itself makes of them.
func FuzzRoundTrip(f *testing.F) {
	m, mt := message(f, "test.All")
	r := rand.New(rand.NewPCG(11, 12))
	for range 8 {
		wire, err := proto.Marshal(randomMessage(r, mt.New(), 2).Interface())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire, uint16(r.Uint32()))
	}
	f.Fuzz(func(t *testing.T, wire []byte, place uint16) {
		mem := &fenced{place: uint32(place) &^ 7}
		at, err := Decode(m, wire, mem, 1<<16)
		if err != nil {
			return // FuzzDecode's concern
		}
		mem.check(t)
		once, err := Encode(m, mem.mem, at, nil, noLimit)
		if err != nil {
			t.Fatalf("wire %x: decoded and cannot be encoded: %v", wire, err)
		}
		twice, err := roundTrip(m, once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("wire %x:\nonce  %x\ntwice %x, %v", wire, once, twice, err)
		}
	})
}

// fenced is a memory of which one block is given out; the rest holds a pattern.
type fenced struct {
	mem         []byte
	place, size uint32
}

const fence = 0xa5

func (m *fenced) Bytes() []byte  { return m.mem }
func (m *fenced) OneBlock() bool { return true }

func (m *fenced) Alloc(size, _ uint32) (uint32, error) {
	if m.mem != nil {
		return 0, errors.New("a second block was asked for")
	}
	m.size = size
	m.mem = bytes.Repeat([]byte{fence}, int(m.place+size+64))
	return m.place, nil
}

func (m *fenced) check(t *testing.T) {
	t.Helper()
	for i, b := range m.mem {
		if inside := uint32(i) >= m.place && uint32(i) < m.place+m.size; !inside && b != fence {
			t.Fatalf("byte %d was written, outside of the block of %d bytes at %d", i, m.size, m.place)
		}
	}
}
