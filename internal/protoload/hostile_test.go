package protoload

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestLoad_Errors_hostile checks that input which is large in one direction is refused, and soon.
func TestLoad_Errors_hostile(t *testing.T) {
	const n = 100_000
	deepest := func(open, close string, n int) string { return strings.Repeat(open, n) + strings.Repeat(close, n) }
	tests := []struct{ name, src, want string }{
		{"messages", deepest("message M {", "}", n), "declarations nest more than 100 deep, flatten them"},
		{"groups", deepest("message M { optional group G = 1 {", "}}", n), "declarations nest more than 100 deep, flatten them"},
		{"unclosed messages", strings.Repeat("message M {", n), "declarations nest more than 100 deep, flatten them"},
		{"literals", "option (a) = " + deepest("{ a: ", "}", n) + ";", "literals nest more than 100 deep, flatten them"},
		{"lists", "option (a) = { a: " + deepest("[", "]", n) + "};", "literals nest more than 100 deep, flatten them"},
		{"name", "package a" + strings.Repeat(".a", n) + ";", "name has more than 101 parts, shorten it"},
		{"option name", "option a" + strings.Repeat(".a", n) + " = 1;", "name has more than 101 parts, shorten it"},
		{"signs", "option (a) = " + strings.Repeat("-", n) + "1;", "found \"-\" but expected a number"},
		{"errors", strings.Repeat("}", n), "too many errors: 99900 more"},
		{"garbage", strings.Repeat("\xff\x00", n), "too many errors: 199900 more"},
		{"large", strings.Repeat(" ", maxFileSize+1), "is larger than 8388608 bytes, split it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(soon(t), Options{FS: archive(tt.src)}, "a.proto")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.300v, want %s", err, tt.want)
			} else if len(err.Error()) > 1<<20 {
				t.Errorf("message of %d bytes", len(err.Error()))
			}
		})
	}
}

// soon returns a context that ends when a file takes much longer than it should: quadratic ones take minutes.
func soon(t *testing.T) context.Context { return within(t, time.Minute) }

func within(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// largeCase is a file that is large in one direction, and what is wrong with it.
type largeCase struct{ name, src, want string }

// TestLoad_large checks that the time a file takes grows with its size and no faster.
func TestLoad_large(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	const less = 10
	smaller := largeCases(n / less)
	for i, tt := range largeCases(n) {
		t.Run(tt.name, func(t *testing.T) {
			// How fast the machine is, a smaller file says: one that grows by a factor takes that much longer, a quadratic one its square.
			start := time.Now()
			Load(within(t, 5*time.Minute), Options{FS: archive(smaller[i].src)}, "a.proto")
			limit := max(time.Minute, 3*less*time.Since(start))
			_, err := Load(within(t, limit), Options{FS: archive(tt.src)}, "a.proto")
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %.300v, want %q", err, tt.want)
			}
			if err != nil && len(err.Error()) > 1<<20 {
				t.Errorf("message of %d bytes", len(err.Error()))
			}
		})
	}
}

// largeCases are files that have n of something.
func largeCases(n int) []largeCase {
	// list repeats a format for the numbers from 20000, which no range of protobuf's own cuts.
	list := func(format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, 20_000+i)
		}
		return b.String()
	}
	return []largeCase{
		{"fields", p3 + "message M {" + list("int32 f%[1]d = %[1]d;") + "}", ""},
		{"references", p3 + "message M {" + list("optional M f%[1]d = %[1]d;") + "}", ""},
		{"maps", p3 + "message M {" + list("map<string, M> f%[1]d = %[1]d;") + "}", ""},
		{"members", p3 + "message M { oneof o {" + list("int32 f%[1]d = %[1]d;") + "} }", ""},
		{"messages", p3 + list("message M%d {}"), ""},
		{"values", p3 + "enum E { Z = 0;" + list("V%[1]d = %[1]d;") + "}", ""},
		{"methods", p3 + "message M {} service S {" + list("rpc R%d(M) returns (M);") + "}", ""},
		{"ranges", "message M {" + list("extensions %[1]d; reserved 1%[1]d; optional int32 f%[1]d = 2%[1]d;") + "}", ""},
		{"reserved names", p3 + "message M {" + list("reserved 'r%d';") + list("int32 f%[1]d = %[1]d;") + "}", ""},
		{"extensions", "message M { extensions 20000 to max; } extend M {" + list("optional int32 f%[1]d = %[1]d;") + "}", ""},
		{"option imports", "edition = '2024';" + list("import option 'f%d.proto';"), ""},
		{"custom options", list("option (o%[1]d) = %[1]d;"), ""},
		{"inline options", p3 + "message M { int32 a = 1 [deprecated = true" + list(", (o%[1]d) = %[1]d") + "]; }", ""},
		{"literal", "option (o) = {" + list("f%[1]d: %[1]d ") + "};", ""},
		{"strings", "option java_package = " + list("'%d' ") + ";", ""},
		{"comments", list("// %d\n/* */ ") + "message M {}", ""},
		{"blanks", strings.Repeat("\n", n), ""},
		{"empty", strings.Repeat(";", n), ""},
		{"long string", "option java_package = '" + strings.Repeat("a", 20*n) + "';", ""},
		{"long number", "message M { optional double d = 1 [default = 1" + strings.Repeat("0", 20*n) + "]; }", ""},
		{"duplicates", "message M { optional double d = 1 [default = x]; }" + list("message M { /* %d */ }"), "M is already declared"},
		{"imports", list("import 'f%d.proto';"), "not found in import path"},
		{"unresolved", p3 + strings.Repeat("message M {", 90) + list("X%[1]d f%[1]d = %[1]d;") + strings.Repeat("}", 90), "type X20000 is not declared"},
		{"map keys", p3 + "message M {" + list("map<M, M> f%[1]d = %[1]d;") + "}", "map key cannot be of type M"},
		{"json names", p3 + "message M {" + list("int32 f_%[1]d = %[1]d; int32 f__%[1]d = 1%[1]d;") + "}", `has the JSON name "f20000"`},
		{"long name", p3 + "message " + strings.Repeat("M", 20*n) + " {" + list("X f%[1]d = %[1]d;") + "}", "name is longer than 1024 bytes"},
		{"long full name", p3 + "message " + strings.Repeat("M", 1000) + " { message " + strings.Repeat("N", 1000) + " {" + list("X f%[1]d = %[1]d;") + "} }",
			"full name is longer than 1024 bytes"},
	}
}

// TestLoad_large_imports checks that public imports, which lead to files in ever more ways, do not take ever more time.
func TestLoad_large_imports(t *testing.T) {
	fsys := fstest.MapFS{"0a.proto": {}, "0b.proto": {}}
	for i := range 40 {
		for _, c := range "ab" {
			fsys[fmt.Sprintf("%d%c.proto", i+1, c)] = &fstest.MapFile{
				Data: fmt.Appendf(nil, "import public '%da.proto';\nimport public '%[1]db.proto';", i)}
		}
	}
	if _, err := Load(soon(t), Options{FS: fsys}, "10a.proto"); err != nil {
		t.Error(err)
	}
	_, err := Load(soon(t), Options{FS: fsys}, "40a.proto")
	want := `16a.proto:2:15: import "15b.proto": more than 65536 chains of public imports start here, import what they lead to directly`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %.300v, want %s", err, want)
	}
}
