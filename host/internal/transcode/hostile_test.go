package transcode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

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
		{"invalid UTF-8", innerAt, func(mem []byte) { mem[200] = 0xff; words(mem, innerText, 200, 1) }, "string field contains invalid UTF-8"},
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

// at returns the field of a table with a name.
func (m *Message) at(t *testing.T, name string) *field {
	t.Helper()
	for i := range m.members {
		if f := &m.members[i].field; m.members[i].cases == nil && string(f.name.Name()) == name {
			return f
		}
		for j := range m.members[i].cases {
			if f := &m.members[i].cases[j]; string(f.name.Name()) == name {
				return f
			}
		}
	}
	t.Fatalf("no field %s", name)
	return nil
}

// What no correct guest has in memory, field by field of records at address 64 that are zero otherwise.
func TestEncode_badValues(t *testing.T) {
	const at, size = 64, 1 << 16
	put := func(f *field, values ...uint32) func([]byte) {
		return func(mem []byte) { words(mem, at+f.value, values...) }
	}
	oneofs, _ := message(t, "test.Oneofs")
	all, _ := message(t, "test.All")
	tree, _ := message(t, "test.Tree")
	maps, _ := message(t, "test.Maps")
	legacy, _ := message(t, "test.Legacy")
	set := func(f *field, then ...func([]byte)) func([]byte) {
		return func(mem []byte) {
			mem[at+f.offset] = 1
			if f.oneof != nil {
				mem[at+f.oneof.discriminant] = byte(f.index)
			}
			for _, do := range then {
				do(mem)
			}
		}
	}
	data := func(b string) func([]byte) { return func(mem []byte) { copy(mem[1024:], b) } }
	for _, tt := range []struct {
		name  string
		m     *Message
		spoil func(mem []byte)
		want  string // empty if it is fine
	}{
		{"option", all, func(mem []byte) { mem[at+all.at(t, "ping").offset] = 2 }, "discriminant is 2 of 2 cases"},
		{"option of a oneof", oneofs, func(mem []byte) { mem[at+oneofs.at(t, "string").offset] = 255 }, "discriminant is 255 of 2 cases"},
		{"case of a oneof", oneofs, set(oneofs.at(t, "string"), func(mem []byte) { mem[at+oneofs.at(t, "string").oneof.discriminant] = 13 }), "discriminant is 13 of 13 cases"},
		{"case of a oneof that is not set", oneofs, func(mem []byte) { mem[at+oneofs.at(t, "string").oneof.discriminant] = 13 }, ""},
		{"string in a oneof", oneofs, set(oneofs.at(t, "string"), put(oneofs.at(t, "string"), size, 1)), "address 0x10000 with 1 bytes is out of bounds or not aligned"},
		{"string in a oneof that is not UTF-8", oneofs, set(oneofs.at(t, "string"), put(oneofs.at(t, "string"), 1024, 1), data("\xff")), "string field contains invalid UTF-8"},
		{"box", all, put(all.at(t, "scalars"), size-8, 1), fmt.Sprintf("address 0xfff8 with %d bytes is out of bounds or not aligned", all.at(t, "scalars").size)},
		{"box that is not aligned", all, put(all.at(t, "scalars"), 1028, 1), fmt.Sprintf("address 0x404 with %d bytes is out of bounds or not aligned", all.at(t, "scalars").size)},
		{"box of two", all, put(all.at(t, "scalars"), 1024, 2), "a message is a list of 2"},
		{"box of none", all, put(all.at(t, "scalars"), 0xffffffff, 0), ""},
		{"box in a oneof", oneofs, set(oneofs.at(t, "boxed"), put(oneofs.at(t, "boxed"), 1024, 1)), ""},
		{"box of two in a oneof", oneofs, set(oneofs.at(t, "boxed"), put(oneofs.at(t, "boxed"), 1024, 2)), "a message is a list of 2"},
		{"box of none in a oneof", oneofs, set(oneofs.at(t, "boxed"), put(oneofs.at(t, "boxed"), 0xffffffff, 0)), ""},
		{"encoded out of bounds", tree, set(tree.at(t, "next"), put(tree.at(t, "next"), 1024, size)), "address 0x400 with 65536 bytes is out of bounds or not aligned"},
		{"encoded and malformed", tree, set(tree.at(t, "next"), put(tree.at(t, "next"), 1024, 2), data("\x0a\x02")), "field test.Tree.next holds bytes that are no message"},
		{"encoded and not UTF-8", tree, set(tree.at(t, "next"), put(tree.at(t, "next"), 1024, 3), data("\x0a\x01\xff")), "string field contains invalid UTF-8"},
		{"encoded", tree, set(tree.at(t, "next"), put(tree.at(t, "next"), 1024, 3), data("\x0a\x01a")), ""},
		{"encoded in a oneof and malformed", tree, set(tree.at(t, "left"), put(tree.at(t, "left"), 1024, 1), data("\x0c")), "field test.Tree.left holds bytes that are no message"},
		{"encoded in a list and malformed", tree, func(mem []byte) {
			put(tree.at(t, "children"), 1024, 1)(mem)
			words(mem, 1024, 2048, 1)
		}, "field test.Tree.children holds bytes that are no message"},
		{"map", maps, put(maps.at(t, "int64"), 1024+4, 1), "address 0x404 with 16 bytes is out of bounds or not aligned"},
		{"map with a huge count", maps, put(maps.at(t, "int64"), 1024, 0xffffffff), "address 0x400 with 68719476720 bytes is out of bounds or not aligned"},
		{"map with a wild key", maps, func(mem []byte) {
			put(maps.at(t, "string"), 1024, 1)(mem)
			words(mem, 1024, 1, size, 0, 0)
		}, "address 0x1 with 65536 bytes is out of bounds or not aligned"},
		{"map with a key that is not UTF-8", maps, func(mem []byte) {
			put(maps.at(t, "string"), 1024, 1)(mem)
			words(mem, 1024, 1024+8, 1, 0xff, 0)
		}, "string field contains invalid UTF-8"},
		{"map with a value that is not UTF-8", maps, func(mem []byte) {
			put(maps.at(t, "string"), 1024, 1)(mem)
			words(mem, 1024, 0xff, 0, 1024, 1)
		}, "string field contains invalid UTF-8"},
		{"required field", legacy, set(legacy.at(t, "strict"), put(legacy.at(t, "strict"), 1024, 1)), "proto: required field test.Required.text not set"},
		{"required field in a box of none", legacy, set(legacy.at(t, "required"), put(legacy.at(t, "required"), 0, 0)), "proto: required field test.Required.text not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mem := make([]byte, size)
			tt.spoil(mem)
			_, err := Encode(tt.m, mem, at, nil, noLimit)
			if got := fmt.Sprint(err); got != tt.want && (err != nil || tt.want != "") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A oneof of more cases than a byte counts.
func TestWideOneof(t *testing.T) {
	fd := &descriptorpb.FileDescriptorProto{
		Name: proto.String("wide.proto"), Package: proto.String("test.wide"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("Wide"), OneofDecl: []*descriptorpb.OneofDescriptorProto{{Name: proto.String("either")}},
		}},
	}
	const cases = 300
	wide := fd.MessageType[0]
	for i := range cases {
		wide.Field = append(wide.Field, &descriptorpb.FieldDescriptorProto{
			Name: proto.String(fmt.Sprintf("f%d", i)), Number: proto.Int32(int32(i + 1)), OneofIndex: proto.Int32(0),
			Type: descriptorpb.FieldDescriptorProto_TYPE_INT32.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		})
	}
	file, err := protodesc.NewFile(fd, nil)
	if err != nil {
		t.Fatal(err)
	}
	md := file.Messages().Get(0)
	tables, err := tables(md)
	if err != nil {
		t.Fatal(err)
	}
	m := tables[md.FullName()]
	for i := range cases {
		wire := protowire.AppendVarint(protowire.AppendTag(nil, protowire.Number(i+1), protowire.VarintType), 5)
		checkAgrees(t, m, dynamicpb.NewMessageType(md), wire)
	}
	mem := make([]byte, 256)
	o := m.at(t, "f0").oneof
	mem[64], mem[64+o.discriminant], mem[64+o.discriminant+1] = 1, cases&0xff, cases>>8
	if _, err := Encode(m, mem, 64, nil, noLimit); err == nil || err.Error() != "discriminant is 300 of 300 cases" {
		t.Errorf("got %v", err)
	}
}

// A bool that is neither 0 nor 1 is written as protobuf writes true, wherever it stands.
func TestEncode_bools(t *testing.T) {
	m, _ := message(t, "test.Lists")
	var mem link.Buffer
	at, err := Decode(m, []byte{0x6a, 2, 1, 1}, &mem, noLimit) // bool = [true, true]
	if err != nil {
		t.Fatal(err)
	}
	f := m.at(t, "bool")
	mem.Bytes()[binary.LittleEndian.Uint32(mem.Bytes()[at+f.offset:])] = 0x80
	got, err := Encode(m, mem.Bytes(), at, nil, noLimit)
	if err != nil || string(got) != "\x6a\x02\x01\x01" {
		t.Errorf("got %x, %v", got, err)
	}
}

// The limit is on wire bytes and on memory, to the byte, and each byte counts once, however deep it is nested.
func TestEncode_limit(t *testing.T) {
	m, mt := message(t, "test.All")
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		wire, err := proto.Marshal(randomMessage(r, mt.New(), 5).Interface())
		if err != nil {
			t.Fatal(err)
		}
		var mem link.Buffer
		at, err := Decode(m, wire, &mem, noLimit)
		if err != nil {
			t.Fatal(err)
		}
		// Of the memory, all but the record counts; in its block there is some padding.
		if n, most := uint64(len(wire)), uint64(len(mem.Bytes())); n > most {
			if _, err := Encode(m, mem.Bytes(), at, nil, n); err != nil {
				t.Fatalf("%d bytes with a limit of as many: %v", n, err)
			}
		} else if _, err := Encode(m, mem.Bytes(), at, nil, most); err != nil {
			t.Fatalf("%d bytes from a memory of %d with a limit of as many: %v", n, most, err)
		}
		if len(wire) == 0 {
			continue
		}
		var limit *link.LimitError
		if _, err := Encode(m, mem.Bytes(), at, nil, uint64(len(wire))-1); !errors.As(err, &limit) {
			t.Fatalf("%d bytes with a limit of one less: got %v, want a LimitError", len(wire), err)
		}
	}
}

func TestEncode_memoryLimit(t *testing.T) {
	m, _ := message(t, "test.Lists")
	mem := make([]byte, 4096)
	words(mem, 64+m.at(t, "int64").offset, 1024, 100) // zeros: a byte each on the wire
	if got, err := Encode(m, mem, 64, nil, 800); err != nil || len(got) != 102 {
		t.Errorf("got %x, %v", got, err)
	}
	var limit *link.LimitError
	if _, err := Encode(m, mem, 64, nil, 799); !errors.As(err, &limit) {
		t.Errorf("got %v, want a LimitError", err)
	}
}

// Lists that share their elements describe far more than there is memory: a limit of 1 MB has to end it at once.
func TestEncode_aliasing(t *testing.T) {
	all, _ := message(t, "test.All")
	outer, _ := message(t, "test.Outer")
	middle, _ := message(t, "test.Middle")
	inner, _ := message(t, "test.Inner")
	mem := make([]byte, 4<<20)
	const at, outersAt, innersAt = 1 << 20, 2 << 20, 3 << 20

	outers := all.at(t, "outers")
	inners := middle.at(t, "inners")
	count := uint32(1<<20) / outer.size
	first := outer.at(t, "middle")
	words(mem, at+outers.offset, outersAt, count)
	for i := range count {
		e := outersAt + i*outer.size
		mem[e+first.offset] = 1
		words(mem, e+first.value+inners.offset, innersAt, (1<<20)/inner.size)
	}
	start := time.Now()
	_, err := Encode(all, mem, at, nil, 1<<20)
	var limit *link.LimitError
	if !errors.As(err, &limit) {
		t.Errorf("got %v, want a LimitError", err)
	}
	if d := time.Since(start); d > time.Minute {
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
		{"out of bounds", 1000, "cabi_realloc: address 0x3e8 with 33 bytes is out of bounds: the memory has 1024"},
		{"near 2^32", 0xfffffff8, "cabi_realloc: address 0xfffffff8 with 33 bytes is out of bounds: the memory has 1024"},
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
	got := []uint32{m.at(t, "number").offset, m.at(t, "text").offset, m.at(t, "numbers").offset, m.unknown, m.size}
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
