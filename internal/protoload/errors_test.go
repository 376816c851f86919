package protoload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

// archive makes a file system of a txtar archive; text without file markers is a.proto.
func archive(src string) fstest.MapFS {
	if !strings.HasPrefix(src, "-- ") {
		src = "-- a.proto --\n" + src
	}
	m := fstest.MapFS{}
	for _, f := range txtar.Parse([]byte(src)).Files {
		m[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return m
}

const p3 = "syntax = \"proto3\";\n"

func TestLoad_Errors(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"missing import", p3 + `import "b.proto";`,
			`a.proto:2:8: import "b.proto": not found in import path ".", add the one that holds it`},
		{"import outside", p3 + `import "../b.proto";`,
			`a.proto:2:8: import "../b.proto": not a file name, use a slash-separated path relative to an import path, without dots as elements`},
		{"import twice", p3 + "import \"b.proto\";\nimport \"b.proto\";\n-- b.proto --\n",
			`a.proto:3:8: import "b.proto": listed twice, remove one`},
		{"import cycle", "-- a.proto --\nimport \"b.proto\";\n-- b.proto --\n\nimport \"c.proto\";\n-- c.proto --\nimport \"a.proto\";\n",
			`c.proto:1:8: import "a.proto": import cycle a.proto -> b.proto -> c.proto -> a.proto, break it`},
		{"import itself", "import \"a.proto\";",
			`a.proto:1:8: import "a.proto": import cycle a.proto -> a.proto, break it`},
		{"several files", "-- a.proto --\nsyntax = \"proto3\";\nimport \"b.proto\";\nimport \"gone.proto\";\nmessage A { Gone g = 1; }\n-- b.proto --\nmessage B { = 1; }\n",
			`b.proto:1:13: syntax: found "=" but expected the type of a field` + "\n" +
				`a.proto:3:8: import "gone.proto": not found in import path ".", add the one that holds it`},

		{"syntax", p3 + "message M {\n  int32 a 1;\n\tint32 b = 0x;\n}",
			"a.proto:4:19: syntax: malformed number \"0x\", integers are decimal, octal with a leading 0, or hexadecimal with 0x"},
		{"recovery", p3 + "message M {\n  int32 a 1;\n  foo { int32 }\n  message N { 5; }\n}\nservice { }\n}",
			`a.proto:3:11: syntax: found "1" but expected "="` + "\n" +
				`a.proto:4:7: syntax: found "{" but expected the name of a field` + "\n" +
				`a.proto:5:15: syntax: found "5" but expected the type of a field` + "\n" +
				`a.proto:7:9: syntax: found "{" but expected the name of a service` + "\n" +
				`a.proto:8:1: syntax: found "}" that closes nothing, remove it`},
		{"unclosed", p3 + "message M {", `a.proto:3:1: syntax: found the end of the file but expected "}"`},
		{"unclosed method", p3 + "service S { rpc A(B) returns (C) {", `a.proto:3:1: syntax: found the end of the file but expected "}"`},
		{"unclosed string", "syntax = \"proto3;\n", `a.proto:1:10: syntax: string is not closed on its line, add a "`},
		{"unclosed comment", p3 + "/* x", "a.proto:2:1: syntax: comment is not closed, add a */"},
		{"ranges without start", "message M { extensions to 5; }", `a.proto:1:24: syntax: found "to" but expected a number`},
		{"stray character", p3 + "message Mé {}", `a.proto:2:10: syntax: unexpected character 'é', names and keywords are ASCII`},
		{"glued number", p3 + "message M { int32 a = 1b; }", `a.proto:2:23: syntax: malformed number "1b", put a space between a number and what follows`},
		{"escape", p3 + `option go_package = "\q";`, `a.proto:2:22: syntax: unknown escape sequence "\\q"`},
		{"not UTF-8", p3 + "option go_package = \"\xc3\xa9\xe9\";",
			`a.proto:2:24: syntax: string holds the byte 0xe9, which is not UTF-8, write it as an escape sequence`},
		{"syntax is late", "package a;\nsyntax = \"proto3\";", "a.proto:2:1: syntax: syntax must be the first statement of the file"},
		{"unknown syntax", `syntax = "proto4";`, `a.proto:1:10: syntax: unknown syntax "proto4", use proto3 or proto2`},
		{"edition", `edition = "2026";`, `a.proto:1:11: syntax: edition "2026" is not supported, use edition 2024 or 2023, proto3 or proto2`},
		{"label in oneof", p3 + "message M { oneof o { optional int32 a = 1; } }",
			`a.proto:2:23: syntax: a field in a oneof has no label, remove "optional"`},
		{"two packages", "package a;\npackage b;", "a.proto:2:1: package: declared twice, remove one"},
		{"bare reserved name", p3 + "message M { reserved foo; }", `a.proto:2:22: syntax: found "foo" but expected a number or a name in quotes`},

		{"map of enum", "enum E { ONE = 1; }\nenum Z { ZERO = 0; }\nmessage M {\n  map<string, E> a = 1;\n  map<string, Z> b = 2;\n}",
			"a.proto:4:15: field a: enum E is the value of a map and does not begin with zero, put a value with number 0 first there"},
		{"undeclared", p3 + "message M {\n  Gone a = 1;\n  map<string, Lost> b = 2;\n}\nservice S { rpc Do(M) returns (Void); }",
			"a.proto:3:3: field a: type Gone is not declared, declare it or import the file that does\n" +
				"a.proto:4:15: field b: type Lost is not declared, declare it or import the file that does\n" +
				"a.proto:6:32: method Do: type Void is not declared, declare it or import the file that does"},
		{"not imported", "-- a.proto --\nimport \"b.proto\";\nmessage A { c.C c = 1; .c.C d = 2; }\n-- b.proto --\nimport \"c.proto\";\n-- c.proto --\npackage c;\nmessage C {}\n",
			"a.proto:2:13: field c: proto2 fields have a label, put optional, repeated or required in front\n" +
				"a.proto:2:13: field c: type c.C is declared in c.proto, which is not imported, add import \"c.proto\"\n" +
				"a.proto:2:24: field d: proto2 fields have a label, put optional, repeated or required in front\n" +
				"a.proto:2:24: field d: type c.C is declared in c.proto, which is not imported, add import \"c.proto\""},
		{"inner scope hides", p3 + "package a.google;\nimport \"google/protobuf/any.proto\";\nmessage M { google.protobuf.Any a = 1; }",
			"a.proto:4:13: field a: type google.protobuf.Any is looked up as a.google.protobuf.Any, which is not declared; " +
				"start the name with a dot to look it up from the root"},
		{"enum as request", p3 + "enum E { Z = 0; }\nservice S { rpc Do(E) returns (S.Do); }",
			"a.proto:3:20: method Do: type E is the enum E, use a message\n" +
				"a.proto:3:32: method Do: type S.Do is the method S.Do, use a message"},
		{"map entry by name", p3 + "message M { map<int32, int32> m = 1; MEntry e = 2; }",
			"a.proto:2:38: field e: type MEntry is the entry of a map field, which only that field can use"},
		{"map key", p3 + "message M { map<float, int32> m = 1; map<M, M> n = 2; }",
			"a.proto:2:17: field m: map key cannot be of type float, use an integer type, bool or string\n" +
				"a.proto:2:42: field n: map key cannot be of type M, use an integer type, bool or string"},

		{"duplicate", p3 + "message M {\n  int32 a = 1;\n  int32 a = 2;\n}\nenum M { Z = 0; }",
			"a.proto:4:9: field a: M.a is already declared at a.proto:3:9, rename one of them\n" +
				"a.proto:6:6: enum M: M is already declared at a.proto:2:9, rename one of them"},
		{"duplicate value", p3 + "enum A { X = 0; }\nenum B { X = 0; }",
			"a.proto:3:10: value X: X is already declared at a.proto:2:10, enum values share the scope around their enum, rename one of them"},
		{"duplicate entry", p3 + "message M { message FooEntry {} map<int32, int32> foo = 1; }",
			"a.proto:2:51: message FooEntry: M.FooEntry is already declared at a.proto:2:21, rename one of them"},
		{"duplicate across files", "-- a.proto --\nimport \"b.proto\";\nmessage M {}\n-- b.proto --\nmessage M {}\n",
			"a.proto:2:9: message M: M is already declared at b.proto:1:9, rename one of them"},
		{"package is a message", "-- a.proto --\npackage x.y;\nimport \"b.proto\";\n-- b.proto --\npackage x;\nmessage y {}\n",
			"b.proto:2:9: message y: x.y is also a package, in a.proto, rename one of them"},

		{"numbers", p3 + "message M {\n  int32 a = 0;\n  int32 b = 536870912;\n  int32 c = 19500;\n  int32 d = 4;\n  int32 e = 4;\n  reserved 10 to 20;\n  int32 f = 15;\n  int32 g = 4294967296;\n}",
			"a.proto:10:13: syntax: the number of a field 4294967296 does not fit 32 bits"},
		{"field numbers", p3 + "message M {\n  int32 a = 0;\n  int32 b = 536870912;\n  int32 c = 19500;\n  int32 d = 4;\n  int32 e = 4;\n  reserved 10 to 20;\n  int32 f = 15;\n}",
			"a.proto:3:13: field a: number 0 is out of range, use 1 to 536870911\n" +
				"a.proto:4:13: field b: number 536870912 is out of range, use 1 to 536870911\n" +
				"a.proto:5:13: field c: number 19500 is in 19000 to 19999, which protobuf reserves, choose another one\n" +
				"a.proto:7:13: field e: number 4 is used by field d, choose another one\n" +
				"a.proto:9:13: field f: number 15 is reserved, choose another one"},
		{"range numbers", "message M { reserved 5 to 3, 0, 600000000; extensions 9 to 7; }",
			"a.proto:1:22: reserved: range ends before it starts, swap its ends\n" +
				"a.proto:1:30: reserved: number 0 is out of range, use 1 to 536870911\n" +
				"a.proto:1:33: reserved: number 600000000 is out of range, use 1 to 536870911\n" +
				"a.proto:1:55: extensions: range ends before it starts, swap its ends"},
		{"enum numbers", p3 + "enum E { A = 1; B = 1; }\nenum Empty {}",
			"a.proto:2:14: value A: the first value of a proto3 enum is zero, put the value with number 0 first\n" +
				"a.proto:2:21: value B: number 1 is used by value A, set option allow_alias or choose another one\n" +
				"a.proto:3:6: enum Empty: has no values, add one"},
		{"proto3", p3 + "message M {\n  required int32 a = 1;\n  optional group G = 2 {}\n  extensions 5;\n  int32 d = 3 [default = 1];\n  oneof o {}\n}",
			"a.proto:3:3: field a: proto3 has no required fields, remove the label\n" +
				"a.proto:4:3: field g: proto3 has no groups, use a message\n" +
				"a.proto:5:3: extensions: proto3 has no extension ranges, use proto2 or google.protobuf.Any\n" +
				"a.proto:6:16: field d: proto3 has no default values, remove the default or use proto2\n" +
				"a.proto:7:9: oneof o: has no fields, add one or remove it"},
		{"editions", "edition = \"2023\";\nmessage M {\n  optional int32 a = 1;\n  repeated int32 b = 2 [packed = true];\n  M c = 3 [features.field_presence = IMPLICIT];\n  M d = 4 [features.enum_type = OPEN];\n}",
			"a.proto:3:3: field a: editions have no label optional, remove it or use features.field_presence\n" +
				"a.proto:4:18: field b: editions have no option packed, use features.repeated_field_encoding\n" +
				"a.proto:5:5: field c: a message field always has presence, remove features.field_presence\n" +
				"a.proto:6:12: option features.enum_type: feature enum_type has no meaning for a field, remove it"},
		{"features without edition", p3 + "option features.field_presence = IMPLICIT;",
			`a.proto:2:8: option features.field_presence: features need an edition, remove it or declare edition = "2023"`},
		{"extensions", "message M { extensions 5; }\nextend M {\n  optional int32 a = 5;\n  optional int32 b = 5;\n  required int32 c = 5;\n}\nextend M {}",
			"a.proto:4:18: extension b: number 5 of M is used at a.proto:3:18, choose another one\n" +
				"a.proto:5:3: field c: an extension cannot be required, make it optional\n" +
				"a.proto:5:18: extension c: number 5 of M is used at a.proto:3:18, choose another one\n" +
				"a.proto:7:8: extend M: has no fields, add one or remove it"},
		{"options", p3 + "option nope = 1;\noption go_package = 5;\noption java_package = \"a\";\noption java_package = \"b\";\noption optimize_for = FAST;\nmessage M { option map_entry = true; option deprecated = 1; }\nmessage N { string s = 1 [packed = true]; }",
			"a.proto:2:8: option nope: unknown option of a file, custom options are written in parentheses\n" +
				"a.proto:3:21: option go_package: found \"5\" but expected a string\n" +
				"a.proto:5:8: option java_package: set twice, remove one\n" +
				"a.proto:6:23: option optimize_for: FAST is not a value of google.protobuf.FileOptions.OptimizeMode\n" +
				"a.proto:7:20: option map_entry: cannot be set, use a map field\n" +
				"a.proto:7:58: option deprecated: found \"1\" but expected true or false\n" +
				"a.proto:8:20: field s: only repeated numbers, bools and enums can be packed, remove the option"},
		{"defaults", "message M {\n  optional int32 a = 1 [default = 3000000000];\n  optional uint32 b = 2 [default = -1];\n  repeated int32 c = 3 [default = 1];\n  optional M d = 4 [default = \"\"];\n}",
			"a.proto:2:35: field a: default: number 3000000000 does not fit 32 bits\n" +
				"a.proto:3:36: field b: default: found \"-\" but expected an integer that is not negative\n" +
				"a.proto:4:35: field c: default: a repeated field cannot have one, remove it\n" +
				"a.proto:5:31: field d: default: a message cannot have one, remove it"},

		{"message sets", "message A { option message_set_wire_format = true; optional int32 a = 1; }\n" +
			"message B { option message_set_wire_format = true; }\n" +
			"message C { option message_set_wire_format = true; extensions 4 to max; }\nextend C { optional int32 d = 5; repeated C e = 6; }",
			"a.proto:1:9: message A: a message set has extensions and no fields, move the fields to an extension\n" +
				"a.proto:2:9: message B: a message set has extensions only, add extensions 4 to max\n" +
				"a.proto:4:27: extension d: an extension of a message set is an optional message\n" +
				"a.proto:4:45: extension e: an extension of a message set is an optional message"},
		{"proto3 message set", p3 + "message A { option message_set_wire_format = true; }",
			"a.proto:2:9: message A: proto3 has no message sets, remove the option or use proto2"},
		{"json names", p3 + "message M {\n  int32 a_b = 1;\n  int32 aB = 2;\n  int32 c = 3 [json_name = \"d\"];\n  int32 d = 4;\n}\n" +
			"message N { option deprecated_legacy_json_field_conflicts = true; int32 a_b = 1; int32 aB = 2; }",
			"a.proto:4:9: field aB: has the JSON name \"aB\", as field a_b has, rename one of them or set json_name\n" +
				"a.proto:6:9: field d: has the JSON name \"d\", as field c has, rename one of them or set json_name"},
		{"lenient json names", "message M { optional int32 a_b = 1; optional int32 aB = 2; optional int32 c = 3 [json_name = \"x\"]; optional int32 d = 4 [json_name = \"x\"]; }",
			"a.proto:1:115: field d: has the JSON name \"x\", as field c has, rename one of them or set json_name"},
		{"options for other languages", p3 + "message M {\n  int32 a = 1 [jstype = JS_STRING];\n  string b = 2 [lazy = true];\n}",
			"a.proto:3:9: field a: option jstype is for 64-bit integers, remove it\n" +
				"a.proto:4:10: field b: only message fields can be lazy, remove the option"},
		{"literals", "edition = \"2023\";\noption features = {\n  field_presence: [pb.go] { x: 1 }\n};\noption features = { enum_type: OPEN enum_type: OPEN };\nmessage M {\n" +
			"  extensions 1 to 9 [declaration = { number: \"1\" }, declaration = { numbr: 1 }, declaration = { number 1 }, declaration = { 1 }, declaration = 5,\n    declaration = { number: 1, number: 1 }];\n" +
			"  int32 x = 10 [edition_defaults = { edition: EDITION_9 }, feature_support = 1];\n}",
			"a.proto:3:19: option features: found \"[\" but expected a name\n" +
				"a.proto:5:8: option features: set twice, remove one\n" +
				"a.proto:7:46: option declaration: found a string but expected an integer\n" +
				"a.proto:7:69: option declaration: google.protobuf.ExtensionRangeOptions.Declaration has no field numbr\n" +
				"a.proto:7:104: option declaration: found \"1\" but expected \":\"\n" +
				"a.proto:7:125: option declaration: found \"1\" but expected the name of a field\n" +
				"a.proto:7:144: option declaration: found \"5\" but expected a message literal in braces\n" +
				"a.proto:8:32: option declaration: field number is set twice, remove one\n" +
				"a.proto:9:47: option edition_defaults: EDITION_9 is not a value of google.protobuf.Edition\n" +
				"a.proto:9:78: option feature_support: found \"1\" but expected a message literal in braces"},
		{"edition 2024", "edition = \"2024\";\nimport weak \"b.proto\";\nimport option \"c.proto\";\nimport \"d.proto\";\nexport service S {}\nmessage M {\n  local int32 x = 1;\n  export message N {}\n}",
			"a.proto:2:8: syntax: edition 2024 has no weak imports, use import option or remove weak\n" +
				"a.proto:4:1: syntax: imports come before those of options, move it up\n" +
				"a.proto:5:8: syntax: found \"service\" but expected a message or an enum, which is all that can be export\n" +
				"a.proto:7:9: syntax: found \"int32\" but expected a message or an enum, which is all that can be local"},
		{"words of edition 2024", "edition = \"2023\";\nimport option \"c.proto\";\nlocal message M {}",
			"a.proto:2:8: syntax: import option needs edition 2024, remove option\n" +
				"a.proto:3:1: syntax: found \"local\" but expected a message, enum, service, extend, import, package or option"},
		{"options of edition 2024", "edition = \"2024\";\noption java_multiple_files = true;\nimport option \"c.proto\";\nimport option \"c.proto\";\nmessage M { string s = 1 [ctype = CORD]; }",
			"a.proto:2:8: option java_multiple_files: was removed in this edition, remove it\n" +
				"a.proto:4:15: import \"c.proto\": listed twice, remove one\n" +
				"a.proto:5:20: field s: edition 2024 has no option ctype, remove it"},
		{"visibility", "-- a.proto --\nedition = \"2023\";\nimport \"b.proto\";\nmessage A { L l = 1; M.N n = 2; M m = 3; M.X x = 4; }\nextend L { A a = 5; }\nservice S { rpc Do(L) returns (M); }\n" +
			"-- b.proto --\nedition = \"2024\";\nlocal message L { extensions 1 to max; }\nmessage M { message N {} export enum X { Z = 0; } }\nmessage O { L l = 1; M.N n = 2; }\n",
			"a.proto:3:13: field l: type L is local to b.proto, use another one or export it there\n" +
				"a.proto:3:22: field n: type M.N is local to b.proto, use another one or export it there\n" +
				"a.proto:4:8: extend L: type L is local to b.proto, use another one or export it there\n" +
				"a.proto:5:20: method Do: type L is local to b.proto, use another one or export it there"},
		{"strict visibility", "edition = \"2024\";\noption features.default_symbol_visibility = STRICT;\nexport message A { export message B {} export enum C { Z = 0; } }\nmessage D { export enum E { Y = 0; } reserved 1 to max; }",
			"a.proto:3:35: message B: features.default_symbol_visibility = STRICT lets nothing nested be exported, move it out\n" +
				"a.proto:3:52: enum C: features.default_symbol_visibility = STRICT lets nothing nested be exported, move it out"},
		{"implicit default", "edition = \"2023\";\noption features.field_presence = IMPLICIT;\nmessage M { int32 a = 1 [default = 1]; int32 b = 2 [default = 1, features.field_presence = EXPLICIT]; }",
			"a.proto:3:19: field a: a field without presence has no default, remove it or set features.field_presence = EXPLICIT"},
		{"long name", "message M {}\nmessage " + strings.Repeat("m", maxName+1) + " {}", "a.proto:2:9: syntax: name is longer than 1024 bytes, shorten it"},

		// Found by protodesc only.
		{"default of enum", "package p;\nenum E { A = 0; }\nmessage M { optional E e = 1 [default = B]; }",
			`a.proto:3:24: field e: message field "p.M.e" has invalid default: could not parse value for enum: "B"`},
		{"enum prefix", p3 + "enum E { A = 0; B = 1; b = 2; }",
			`a.proto:2:6: enum E: enum "E" using open semantics has conflict: "b" with "B"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, err := Load(t.Context(), Options{FS: archive(tt.src)}, "a.proto")
			if err == nil {
				t.Fatal("no error")
			}
			if files != nil {
				t.Error("files in spite of an error")
			}
			if got := err.Error(); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
			var e *Error
			if !errors.As(err, &e) || e.Pos.Filename == "" {
				t.Errorf("no *Error with a position in %#v", err)
			}
		})
	}
}

func TestLoad_Errors_files(t *testing.T) {
	_, err := Load(t.Context(), Options{ImportPaths: []string{"testdata", "testdata/pub"}}, "gone.proto", "pub", "/etc/passwd")
	want := `gone.proto: file: not found in import path "testdata", "testdata/pub", add the one that holds it` + "\n" +
		`pub: file: testdata/pub is not a regular file` + "\n" +
		`/etc/passwd: file: not a file name, use a slash-separated path relative to an import path, without dots as elements`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, Options{ImportPaths: []string{"testdata"}}, "scalars.proto"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

func TestLoad_Errors_order(t *testing.T) {
	// Errors are found in map order in places; they are not reported so.
	m := fstest.MapFS{}
	for i := range 20 {
		var b strings.Builder
		for j := range 20 {
			fmt.Fprintf(&b, "message M%d {}\n", j)
		}
		m[fmt.Sprintf("f%02d.proto", i)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	names := slices.Sorted(maps.Keys(m))
	var first string
	for range 10 {
		_, err := Load(t.Context(), Options{FS: m}, names...)
		if err == nil {
			t.Fatal("no error")
		}
		if first == "" {
			first = err.Error()
		}
		if err.Error() != first {
			t.Fatal("errors differ between runs")
		}
	}
	lines := strings.Split(first, "\n")
	if want := "too many errors: 280 more"; len(lines) != maxErrors+1 || lines[maxErrors] != want {
		t.Errorf("got %d lines, the last is %q, want %q", len(lines), lines[len(lines)-1], want)
	}
}

// TestAddSyntaxError covers what valid input does not reach any more: a limitation of emicklei/proto.
func TestAddSyntaxError(t *testing.T) {
	f := &file{path: "a.proto"}
	f.toks = scan("a\n  b", nil)
	r := &report{}
	f.addSyntaxError(r, errors.New("<input>:2:1: found \"ªb\" but expected [c]"))
	f.addSyntaxError(r, errors.New("go scanner error at 2:1 = literal not terminated\n"))
	f.addSyntaxError(r, errors.New("non integer"))
	want := "a.proto: syntax: non integer, this form is not supported yet\n" +
		"a.proto:2:3: syntax: found \"b\" but expected [c], this form is not supported yet\n" +
		"a.proto:2:3: syntax: literal not terminated, this form is not supported yet"
	if got := r.err(nil).Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
