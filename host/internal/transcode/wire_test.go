package transcode

import (
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
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

	{"optional scalars that are zero", "test.Optional", "18 00 7a 00 72 00 68 00 80 01 00 30 00", true},
	{"proto2 string that is not UTF-8", "test.Legacy", "0a 01 ff 32 01 ff", true},
	{"proto2 map of strings that are not UTF-8", "test.Legacy", "52 06 0a 01 ff 12 01 fe", true},
	{"closed enum with a number that is not named", "test.Legacy", "28 2a 48 2a", true},
	{"default value on the wire", "test.Legacy", "10 07 28 01", true},
	{"packed for proto2's unpacked list", "test.Legacy", "3a 02 01 02 42 04 01 00 00 00 45 02 00 00 00", true},
	{"extension", "test.Extendable", "08 01 a2 06 01 61 a0 06 01", true},
	{"raw string", "test.Edition", "22 01 ff 2a 01 ff 72 01 ff", true},
	{"string that is not raw", "test.Edition", "1a 01 ff", false},
	{"raw map", "test.Edition", "32 06 0a 01 ff 12 01 fe", true},

	{"unknown field with an overlong tag", "test.Inner", "f8 81 80 00 07", true},
	{"unknown group with overlong tags", "test.Inner", "a3 86 00 08 01 a4 86 80 00", true},
	{"unknown group with a field number that is too large", "test.Inner", "a3 06 80 80 80 80 10 00 a4 06", true},
	{"unknown group with a field number of 32 bits", "test.Inner", "a3 06 80 80 80 80 40 00 a4 06", false},
	{"unknown groups as deep as can be", "test.Inner", strings.Repeat("a306", 10001) + strings.Repeat("a406", 10001), true},

	{"group", "test.Legacy", "5b 08 02 12 01 61 5c", true},
	{"group that is empty", "test.Legacy", "5b 5c", true},
	{"group that occurs twice", "test.Legacy", "5b 08 02 1b 08 01 1c 5c 08 01 5b 12 01 61 1b 08 02 1c 5c", true},
	{"groups in a list", "test.Legacy", "63 0a 01 61 5b 64 64", false},
	{"groups in a list, whole", "test.Legacy", "63 0a 01 61 64 63 64 63 12 02 08 03 64", true},
	{"group without an end", "test.Legacy", "5b 08 02", false},
	{"group with another's end", "test.Legacy", "5b 08 02 64", false},
	{"group with an overlong end", "test.Legacy", "5b 08 02 dc 80 00 0a 01 61", true},
	{"group with an end in a message", "test.Legacy", "62 01 64", true},
	{"length for a group", "test.Legacy", "5a 02 08 02", true},
	{"group that is cut off by the message around it", "test.All", "5a 03 5b 08 02", false},
	{"end of a group beyond the message around it", "test.All", "5a 03 5b 08 02 5c", false},
	{"unknown field in a group", "test.Legacy", "5b f8 01 07 08 02 f8 01 08 5c", true},
	{"unknown group in a group with the same number", "test.Legacy", "5b 5b 08 01 5c 08 02 5c", true},
	{"group in a oneof", "test.Legacy", "6b 0a 01 61 6c 6b 12 02 01 02 10 03 6c", true},
	{"group in a oneof that is replaced", "test.Legacy", "6b 0a 01 61 6c 72 01 62", true},
	{"group in a oneof that comes back", "test.Legacy", "6b 0a 01 61 6c 72 01 62 6b 10 03 6c", true},
	{"unknown groups in known ones, deeper together", "test.Legacy", "5b" + strings.Repeat("a306", 10001) + strings.Repeat("a406", 10001) + "5c", true},
	{"unknown groups in a replaced one", "test.Legacy", "6b" + strings.Repeat("a306", 10001) + strings.Repeat("a406", 10001) + "6c 72 00", true},

	{"oneof in which the last wins", "test.Oneofs", "18 00 30 05 a2 01 01 61", true},
	{"oneof in which the last is zero", "test.Oneofs", "a2 01 01 61 18 05 30 00 09 00 00 00 00 00 00 00 00 20 00", true},
	{"oneof with the same message twice", "test.Oneofs", "92 01 02 08 02 92 01 03 12 01 61", true},
	{"oneof with another case between", "test.Oneofs", "92 01 02 08 02 8a 01 00 92 01 03 12 01 61", true},
	{"oneof with a scalar between", "test.Oneofs", "92 01 02 08 02 68 01 92 01 03 12 01 61", true},
	{"oneof with another oneof between", "test.Oneofs", "92 01 02 08 02 22 02 08 04 92 01 03 12 01 61 3a 00", true},
	{"oneof with the wrong wire type between", "test.Oneofs", "92 01 02 08 02 90 01 05 92 01 03 12 01 61", true},
	{"oneof with a boxed message in pieces", "test.Oneofs", "9a 01 02 18 01 9a 01 02 20 02", true},
	{"oneof with an empty boxed message", "test.Oneofs", "9a 01 00", true},
	{"oneof with an encoded message in pieces", "test.Oneofs", "b2 01 03 0a 01 61 b2 01 03 1a 01 62", false},
	{"oneof with an encoded message in good pieces", "test.Oneofs", "b2 01 03 0a 01 61 b2 01 02 1a 00", true},
	{"oneof with an encoded message that is replaced and comes back", "test.Oneofs", "b2 01 03 0a 01 61 20 01 30 01 b2 01 02 1a 00", true},
	{"oneof with a malformed message that is replaced", "test.Oneofs", "92 01 02 08 80 30 01", false},
	{"oneof with a string that is not UTF-8 and is replaced", "test.Oneofs", "a2 01 01 ff 30 01", false},
	{"oneof in a message in pieces", "test.All", "2a 05 92 01 02 08 02 2a 06 92 01 03 12 01 61", true},
	{"oneof in a message in pieces, replaced in the second", "test.All", "2a 05 92 01 02 08 02 2a 02 68 01", true},

	{"map entry", "test.Maps", "0a 04 08 01 10 02", true},
	{"map entry without a key", "test.Maps", "0a 02 10 02 6a 04 12 02 08 02", true},
	{"map entry without a value", "test.Maps", "0a 02 08 02 6a 03 0a 01 61 72 02 08 01 7a 03 0a 01 61", true},
	{"map entry that is empty", "test.Maps", "0a 00 62 00 6a 00 72 00 7a 00 5a 00", true},
	{"map entry in reverse", "test.Maps", "0a 04 10 02 08 01 6a 07 12 02 08 02 0a 01 61", true},
	{"map entry with parts that repeat", "test.Maps", "0a 08 08 01 10 02 08 03 10 04 62 0c 0a 01 61 12 01 62 0a 01 63 12 01 64", true},
	{"map entry with an unknown field", "test.Maps", "0a 06 08 01 18 07 10 02", true},
	{"map entry with an unknown group", "test.Maps", "0a 08 08 01 1b 08 01 1c 10 02", true},
	{"map entry with wrong wire types", "test.Maps", "0a 08 0a 01 61 15 00 00 00 00", true},
	{"map entry with the end of a group", "test.Maps", "0a 01 0c", false},
	{"map entry with field number 0", "test.Maps", "0a 02 00 00", false},
	{"map entry that is cut off", "test.Maps", "0a 03 08 01 10", false},
	{"map entry with a key that is cut off", "test.Maps", "0a 01 08", false},
	{"map key that occurs twice", "test.Maps", "0a 04 08 01 10 02 0a 04 08 01 10 03 0a 04 08 02 10 02 0a 04 08 01 10 05", true},
	{"map key that is not UTF-8", "test.Maps", "62 06 0a 01 ff 12 01 61", false},
	{"map value that is not UTF-8", "test.Maps", "62 06 0a 01 61 12 01 ff", false},
	{"map value that is not UTF-8 and is replaced", "test.Maps", "62 09 0a 01 61 12 01 ff 12 01 61", false},
	{"map value in pieces", "test.Maps", "6a 0c 12 02 08 02 0a 01 61 12 03 12 01 62", true},
	{"map value torn", "test.Maps", "6a 06 12 01 08 12 01 02", false},
	{"map value that is encoded, in pieces with the key between", "test.Maps", "7a 0f 12 03 0a 01 61 0a 01 6b 12 03 0a 01 62 12 00", true},
	{"map value that is encoded and empty, twice", "test.Maps", "7a 04 12 00 12 00", true},
	{"map value that is encoded and not UTF-8", "test.Maps", "7a 05 12 03 0a 01 ff", false},
	{"map entry of another wire type", "test.Maps", "08 01 0b 0c", true},
	{"map with enums, floats and bytes", "test.Maps", "52 0b 09 01 00 00 00 00 00 00 00 10 2a 3a 0a 0d 01 00 00 00 15 00 00 80 7f 4a 07 0d 01 00 00 00 12 00", true},
	{"map with a bool key of 2", "test.Maps", "5a 04 08 02 10 03", true},
	{"map in a message in pieces", "test.All", "3a 06 0a 04 08 01 10 02 3a 06 0a 04 08 01 10 03", true},

	{"encoded message", "test.Tree", "12 03 0a 01 61", true},
	{"encoded message in pieces", "test.Tree", "12 03 0a 01 61 0a 00 12 04 12 02 0a 00", true},
	{"encoded message that is empty", "test.Tree", "12 00", true},
	{"encoded message torn", "test.Tree", "12 02 0a 01 12 01 61", false},
	{"encoded message with a field number that is too large", "test.Tree", "12 06 80 80 80 80 10 00", false},
	{"encoded message with the end of a group", "test.Tree", "12 01 14", false},
	{"encoded message with an unknown group", "test.Tree", "12 06 a3 06 08 01 a4 06", true},
	{"encoded message with a string that is not UTF-8", "test.Tree", "12 05 12 03 0a 01 ff", false},
	{"encoded message with a packed list that is cut off", "test.Tree", "12 03 42 01 80", false},
	{"encoded message with a map key that is not UTF-8", "test.Tree", "12 05 22 03 0a 01 ff", false},
	{"encoded message with a map that is cut off", "test.Tree", "12 04 22 02 0a 01", false},
	{"encoded messages in a list", "test.Tree", "1a 00 1a 03 0a 01 61 1a 02 1a 00", true},
	{"encoded messages in a oneof", "test.Tree", "2a 03 0a 01 61 32 00 2a 02 0a 00", true},
	{"encoded message of another wire type", "test.Tree", "10 05 13 14", true},
	{"cycle of two", "test.Ping", "0a 08 0a 06 0a 04 0a 02 1a 00", true},
	{"cycle of two with a map", "test.Ping", "0a 0a 12 08 08 01 12 04 1a 02 08 01", true},

	{"encoded group", "test.Chain", "13 0a 03 0a 01 61 14", true},
	{"encoded group in pieces", "test.Chain", "13 0a 03 0a 01 61 14 0a 01 62 13 1b 1c 14", true},
	{"encoded group below a group", "test.Chain", "13 1b 0b 0c 13 14 1c 14", true},
	{"encoded group with an overlong end", "test.Chain", "13 1b 13 14 9c 80 00 94 00", true},
	{"encoded group without an end", "test.Chain", "13 1b 0b", false},
	{"encoded group in a cycle of delimited fields", "test.Delimited", "30 01 13 30 02 13 30 03 14 14 1b 30 04 1c", true},
	{"encoded group in a oneof", "test.Delimited", "30 01 23 30 02 24 2a 02 30 03 23 30 05 24 23 0a 01 61 24", true},
	{"deep groups", "test.Delimited", "30 01" + strings.Repeat("1330011b3001", 100) + strings.Repeat("1c14", 100), true},
	{"delimited and prefixed", "test.Edition", "4b 30 01 4c 53 30 01 54 53 30 02 0a 01 61 54 5a 02 30 03 63 30 01 64", true},
	{"prefixed for delimited", "test.Edition", "4a 02 30 01 5b 5c", true},

	{"map in a file of groups", "test.Groups", "0a 07 0a 01 6b 12 02 08 05 0a 07 0a 01 6b 13 08 05 14 12 04 08 01 10 02", true},
	{"message in a file of groups", "test.Groups", "1b 08 01 1c 23 24 23 08 02 24 2b 2b 2c 2c 32 06 08 01 12 02 2b 2c 3b 3c 43 44 1a 02 08 01", true},

	{"required fields", "test.Required", "18 01 0a 00 4a 05 0d 00 00 00 00", true},
	{"required field missing", "test.Required", "18 01 4a 05 0d 00 00 00 00", false},
	{"several required fields missing", "test.Required", "18 01", false},
	{"all required fields missing", "test.Required", "", false},
	{"required field with the wrong wire type", "test.Required", "1a 00 0a 00 4a 05 0d 00 00 00 00", false},
	{"required field missing in a required message", "test.Required", "18 01 0a 00 4a 00", false},
	{"required field in the second piece", "test.Required", "18 01 0a 00 4a 00 4a 05 0d 00 00 00 00", true},
	{"required message missing in an encoded one", "test.Required", reqA + "12 00", false},
	{"required in an encoded message", "test.Required", reqA + "12 0b" + reqA, true},
	{"required in an encoded message in pieces", "test.Required", reqA + "12 02 18 01 12 04 0a 00 4a 00 12 07 4a 05 0d 00 00 00 00", true},
	{"required missing in an encoded message in pieces", "test.Required", reqA + "12 02 18 01 12 04 0a 00 4a 00", false},
	{"required missing in a group", "test.Required", reqA + "23 24", false},
	{"required in groups in a list", "test.Required", reqA + "23 08 01 24 23 08 00 12 02 08 01 24", true},
	{"required missing in a group in a group", "test.Required", reqA + "23 08 01 24 23 08 00 12 00 24", false},
	{"required in a group that is in pieces", "test.Required", reqA + "23 12 00 08 00 12 02 08 01 24", true},
	{"required missing in a oneof", "test.Required", reqA + "2a 00", false},
	{"required missing in a oneof that is replaced", "test.Required", reqA + "2a 00 38 01", true},
	{"required missing in a oneof that is replaced by a message", "test.Required", reqA + "2a 00 32 0b" + reqA, true},
	{"required missing in a oneof that comes back", "test.Required", reqA + "2a 0b" + reqA + "38 01 2a 02 18 01", false},
	{"required in a oneof in pieces", "test.Required", reqA + "2a 02 18 01 2a 09 0a 00 4a 05 0d 00 00 00 00", true},
	{"required missing in a map", "test.Required", reqA + "42 04 08 01 12 00", false},
	{"required missing in a map without a value", "test.Required", reqA + "42 02 08 01", false},
	{"required missing in a map, replaced", "test.Required", reqA + "42 04 08 01 12 00 42 0f 08 01 12 0b" + reqA, true},
	{"required missing in a map, another replaced", "test.Required", reqA + "42 04 08 01 12 00 42 0f 08 02 12 0b" + reqA, false},
	{"required missing in a map that replaces", "test.Required", reqA + "42 0f 08 01 12 0b" + reqA + "42 04 08 01 12 00", false},
	{"required in a map of strings", "test.Legacy", "a2 01 05 0a 01 61 12 00 a2 01 10 0a 01 61 12 0b" + reqA, true},
	{"required missing in a map of strings", "test.Legacy", "a2 01 05 0a 01 61 12 00 a2 01 10 0a 01 62 12 0b" + reqA, false},
	{"required missing in a list", "test.Legacy", "9a 01 0b" + reqA + "9a 01 00", false},
	{"required missing in an option", "test.Legacy", "92 01 02 18 01", false},
	{"required missing in an unknown group of the same number", "test.Required", reqA + "13 14", true},
	{"required missing in two places, told by the order of fields", "test.Legacy", "9a 01 02 18 01 92 01 02 0a 00", false},
	{"required missing in a oneof and a list: oneofs are last", "test.Legacy", "7a 00 9a 01 02 18 01", false},
	{"required missing and malformed", "test.Legacy", "7a 00 9a 01 05", false},
	{"required missing deep in an encoded message", "test.Required", reqA + "12 0f" + reqA + "12 02 18 01", false},
	{"required in delimited fields", "test.Delimited", "13 14", false},
	{"too many required fields for bits, all there", "test.Crowd", crowd(66), true},
	{"too many required fields for bits, the last missing", "test.Crowd", crowd(65), false},
	{"too many required fields for bits, none there", "test.Edition", "82 01 00", false},

	{"records as deep as can be", "test.Tree", nested("12", 9999), true},
	{"records deeper than that", "test.Tree", nested("12", 10000), false},
	{"oneofs as deep as can be", "test.Tree", nested("32", 9999), true},
	{"oneofs deeper than that", "test.Tree", nested("32", 10000), false},
	{"lists deeper than can be", "test.Tree", nested("1a", 10000), false},
	{"below another message", "test.All", nested("12", 9998, "4a"), true},
	{"deeper below another message", "test.All", nested("12", 9999, "4a"), false},
	{"below a map", "test.Maps", nested("12", 9998, "12", "7a"), false},
	{"map as deep as can be", "test.Maps", nested("12", 9997, "12", "7a"), true},
	{"groups as deep as can be", "test.Delimited", strings.Repeat("300113", 9999) + "3001" + strings.Repeat("14", 9999), true},
	{"groups deeper than that", "test.Delimited", strings.Repeat("300113", 10000) + "3001" + strings.Repeat("14", 10000), false},
	{"unknown groups at the bottom", "test.Tree", nestedWith("12", 9999, strings.Repeat("a306", 10001)+strings.Repeat("a406", 10001)), true},
	{"map of another wire type at the bottom", "test.Tree", nestedWith("12", 9999, "20 00"), false},
	{"message of another wire type at the bottom", "test.Tree", nestedWith("12", 9999, "10 00"), true},
}

// reqA is a test.Required, in 11 bytes.
const reqA = "18 01 0a 00 4a 05 0d 00 00 00 00"

// crowd is a test.Crowd with its first n fields.
func crowd(n int) string {
	var b []byte
	for i := range n {
		b = protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(i+1), protowire.VarintType), 1)
	}
	return hex.EncodeToString(b)
}

// nested is n messages in each other, each in a field with a tag, and then in others.
func nested(tag string, n int, outer ...string) string { return nestedWith(tag, n, "", outer...) }

func nestedWith(tag string, n int, inner string, outer ...string) string {
	b := mustUnhex(inner)
	for i := range n + len(outer) {
		if i >= n {
			tag = outer[i-n]
		}
		b = append(protowire.AppendVarint(mustUnhex(tag), uint64(len(b))), b...)
	}
	return hex.EncodeToString(b)
}

func mustUnhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestDecode_oddWire(t *testing.T) {
	for _, tt := range oddWire {
		t.Run(tt.name, func(t *testing.T) {
			m, mt := message(t, tt.message)
			wire := unhex(t, tt.wire)
			if _, err := canonical(mt, wire); (err == nil) != tt.ok {
				t.Errorf("protobuf-go: got error %v, want it accepted: %v", err, tt.ok)
			}
			checkAgrees(t, m, mt, wire)
		})
	}
}

// Every prefix of messages, every byte of them with a bit that is wrong, and other damage, as protobuf-go has it.
func TestDecode_damage(t *testing.T) {
	tables, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	for name := range tables {
		t.Run(string(name), func(t *testing.T) {
			m, mt := message(t, name)
			r := rand.New(rand.NewPCG(3, 4))
			for range 5 {
				wire, err := proto.Marshal(randomMessage(r, mt.New(), 3).Interface())
				if err != nil {
					t.Fatal(err)
				}
				wire = wire[:min(len(wire), 300)]
				for n := range wire {
					checkAgrees(t, m, mt, wire[:n])
					flipped := append([]byte(nil), wire...)
					flipped[n] ^= 1 << r.IntN(8)
					checkAgrees(t, m, mt, flipped)
					checkAgrees(t, m, mt, mutate(r, wire))
				}
			}
		})
	}
}

func TestDecode_Errors(t *testing.T) {
	m, _ := message(t, "test.All")
	for _, tt := range []struct {
		name, wire, want string
	}{
		{"malformed", "0a", "proto: cannot parse invalid wire-format data"},
		{"string", "82 02 05 12 03 ed a0 80", "string field contains invalid UTF-8"},
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
	m, mt := message(t, "test.All")
	wire, err := proto.Marshal(randomMessage(rand.New(rand.NewPCG(5, 6)), mt.New(), 5).Interface())
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
