package transcode

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/internal/abi"
)

// words stores little-endian words at an address.
func words(mem []byte, at uint32, values ...uint32) {
	for i, v := range values {
		binary.LittleEndian.PutUint32(mem[at+4*uint32(i):], v)
	}
}

// The record of test.Inner at address 64: number at 0, text at 4, numbers at 12, unknown fields at 20; 28 bytes.
const innerAt, innerText, innerNumbers, innerUnknown, innerSize = 64, 64 + 4, 64 + 12, 64 + 20, 28

func TestEncode_Errors(t *testing.T) {
	const size = 4096
	for _, tt := range []struct {
		name  string
		at    uint32
		spoil func(mem []byte)
		want  string
	}{
		{"record out of bounds", size - innerSize + 4, nil, "address 0xfe8 with 28 bytes is out of bounds or not aligned"},
		{"record near 2^32", 0xfffffffc, nil, "address 0xfffffffc with 28 bytes is out of bounds or not aligned"},
		{"record not aligned", innerAt + 2, nil, "address 0x42 with 28 bytes is out of bounds or not aligned"},
		{"string out of bounds", innerAt, func(mem []byte) { words(mem, innerText, size-1, 2) }, "address 0xfff with 2 bytes is out of bounds or not aligned"},
		{"string that wraps", innerAt, func(mem []byte) { words(mem, innerText, 0xffffffff, 2) }, "address 0xffffffff with 2 bytes is out of bounds or not aligned"},
		{"huge count", innerAt, func(mem []byte) { words(mem, innerNumbers, 128, 0xffffffff) }, "address 0x80 with 17179869180 bytes is out of bounds or not aligned"},
		{"list not aligned", innerAt, func(mem []byte) { words(mem, innerNumbers, 129, 1) }, "address 0x81 with 4 bytes is out of bounds or not aligned"},
		{"unknown fields out of bounds", innerAt, func(mem []byte) { words(mem, innerUnknown, size, 1) }, "address 0x1000 with 1 bytes is out of bounds or not aligned"},
		{"invalid UTF-8", innerAt, func(mem []byte) { mem[200] = 0xff; words(mem, innerText, 200, 1) }, "proto: string field contains invalid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := message(t, "test.Inner")
			mem := make([]byte, size)
			if tt.spoil != nil {
				tt.spoil(mem)
			}
			_, err := Encode(m, mem, tt.at, nil, noLimit)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestEncode_discriminant(t *testing.T) {
	m, _ := message(t, "test.Outer")
	mem := make([]byte, 256)
	mem[64] = 2 // option<middle>
	_, err := Encode(m, mem, 64, nil, noLimit)
	var bad *link.BadValueError
	if !errors.As(err, &bad) || bad.Problem != "discriminant is 2 of 2 cases" {
		t.Errorf("got %v", err)
	}
}

// A bool that is neither 0 nor 1 is written as protobuf writes true, wherever it stands.
func TestEncode_bools(t *testing.T) {
	m, md := message(t, "test.Lists")
	var mem link.Buffer
	at, err := Decode(m, []byte{0x6a, 2, 1, 1}, &mem, noLimit) // bool = [true, true]
	if err != nil {
		t.Fatal(err)
	}
	f := m.fields[md.Fields().ByName("bool").Index()]
	mem.Bytes()[binary.LittleEndian.Uint32(mem.Bytes()[at+f.offset:])] = 0x80
	got, err := Encode(m, mem.Bytes(), at, nil, noLimit)
	if err != nil || string(got) != "\x6a\x02\x01\x01" {
		t.Errorf("got %x, %v", got, err)
	}
}

// The limit is on wire bytes, to the byte, and each of them counts once, however deep it is nested.
func TestEncode_limit(t *testing.T) {
	m, md := message(t, "test.All")
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		wire, err := proto.Marshal(randomMessage(r, md))
		if err != nil {
			t.Fatal(err)
		}
		var mem link.Buffer
		at, err := Decode(m, wire, &mem, noLimit)
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(len(wire))
		if _, err := Encode(m, mem.Bytes(), at, nil, n); err != nil {
			t.Fatalf("%d bytes with a limit of as many: %v", n, err)
		}
		if n == 0 {
			continue
		}
		var limit *link.LimitError
		if _, err := Encode(m, mem.Bytes(), at, nil, n-1); !errors.As(err, &limit) {
			t.Fatalf("%d bytes with a limit of one less: got %v, want a LimitError", n, err)
		}
	}
}

// Lists that share their elements describe far more than there is memory: a limit of 1 MB has to end it at once.
func TestEncode_aliasing(t *testing.T) {
	all, md := message(t, "test.All")
	outer, _ := message(t, "test.Outer")
	middle, middleDesc := message(t, "test.Middle")
	inner, _ := message(t, "test.Inner")
	mem := make([]byte, 4<<20)
	const at, outersAt, innersAt = 1 << 20, 2 << 20, 3 << 20

	outers := all.fields[md.Fields().ByName("outers").Index()]
	inners := middle.fields[middleDesc.Fields().ByName("inners").Index()]
	count := uint32(1<<20) / outer.size
	words(mem, at+outers.offset, outersAt, count)
	for i := range count {
		e := outersAt + i*outer.size
		mem[e+outer.fields[0].offset] = 1
		words(mem, e+outer.fields[0].offset+outer.fields[0].payload+inners.offset, innersAt, (1<<20)/inner.size)
	}
	start := time.Now()
	_, err := Encode(all, mem, at, nil, 1<<20)
	var limit *link.LimitError
	if !errors.As(err, &limit) {
		t.Errorf("got %v, want a LimitError", err)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
}

// A guest whose cabi_realloc lies is found out before anything is written.
func TestDecode_hostileTarget(t *testing.T) {
	m, _ := message(t, "test.Inner")
	for _, tt := range []struct {
		name string
		addr uint32
		want string
	}{
		{"out of bounds", 1000, "cabi_realloc: address 0x3e8 with 40 bytes is out of bounds: the memory has 1024"},
		{"near 2^32", 0xfffffff8, "cabi_realloc: address 0xfffffff8 with 40 bytes is out of bounds: the memory has 1024"},
		{"not aligned", 4, "cabi_realloc: address 0x4 is not a multiple of 8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mem := liar{make([]byte, 1024), tt.addr}
			_, err := Decode(m, unhex(t, "12 01 61"), mem, noLimit)
			if err == nil || err.Error() != tt.want || link.FaultOf(err) != link.TargetFault {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			for i, b := range mem.mem {
				if b != 0 {
					t.Fatalf("byte %d was written", i)
				}
			}
		})
	}
}

// liar gives out the same address whatever is asked for.
type liar struct {
	mem  []byte
	addr uint32
}

func (l liar) Bytes() []byte                        { return l.mem }
func (l liar) Alloc(size, _ uint32) (uint32, error) { return l.addr, nil }
func (l liar) OneBlock() bool                       { return true }

var _ link.Memory = liar{}

// The table has no room for a mistake of the layout: the constants above are those of the ABI.
func TestInnerLayout(t *testing.T) {
	m, _ := message(t, "test.Inner")
	got := []uint32{m.fields[0].offset, m.fields[1].offset, m.fields[2].offset, m.unknown, m.size}
	want := []uint32{0, innerText - innerAt, innerNumbers - innerAt, innerUnknown - innerAt, innerSize}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %d, want %d", got, want)
		}
	}
	if m.align != abi.StringType.Align {
		t.Errorf("got alignment %d", m.align)
	}
}
