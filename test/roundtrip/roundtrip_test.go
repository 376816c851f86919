package roundtrip

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

var (
	seed  = flag.Uint64("seed", 1, "of the random messages")
	count = flag.Int("messages", 5000, "random messages for each program")
)

// own are the schemas in testdata.
var own = []string{"three.proto", "two.proto", "editions.proto"}

// schemas are protobuf-go's own test messages, and some of testdata for what those lack.
func schemas(t *testing.T, api string) (importPaths, files []string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/protobuf").Output()
	if err != nil {
		t.Fatal(err)
	}
	protobuf := strings.TrimSpace(string(out))
	const nameClash = "cmd/protoc-gen-go/testdata/nameclash/*.proto"
	globs := []string{
		"internal/testprotos/test/ext.proto",
		"internal/testprotos/test/test.proto",
		"internal/testprotos/test/test_import.proto",
		"internal/testprotos/test/test_public.proto",
		"internal/testprotos/test3/*.proto",
		"internal/testprotos/testeditions/*.proto",
		"internal/testprotos/enums/*.proto",
		"internal/testprotos/required/*.proto",
		"internal/testprotos/textpb3/*.proto",
		"internal/testprotos/editionsfuzztest/*.proto",
		"internal/testprotos/news/*.proto",
		"internal/testprotos/lazy/lazy_tree.proto",
		"internal/testprotos/lazy/lazy_normalized_wire_test.proto",
		"internal/testprotos/lazy/lazy_opaque/*.proto",
		"internal/testprotos/order/*.proto",
		nameClash,
		"cmd/protoc-gen-go/testdata/issue780_oneof_conflict/*.proto",
	}
	switch api {
	case "hybrid": // Its structs are those of the open API.
		globs = []string{nameClash}
	case "open": // Of the other APIs protoc-gen-go makes code of it that does not compile.
		globs = append(globs, "cmd/protoc-gen-go/testdata/fieldnames/*.proto")
	}
	for _, glob := range globs {
		found, err := filepath.Glob(filepath.Join(protobuf, glob))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s in %s: %v", glob, protobuf, err)
		}
		for _, f := range found {
			rel, err := filepath.Rel(protobuf, f)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, filepath.ToSlash(rel))
		}
	}
	return []string{"testdata", wide(t), protobuf}, append(append(files, own...), "wide.proto")
}

// wide writes a schema with a oneof of so many cases that a byte does not tell them apart, and returns its folder.
func wide(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("syntax = \"proto3\";\npackage roundtrip.wide;\noption go_package = \"roundtrip/wide\";\nmessage Wide {\n  oneof kind {\n")
	for i := range 300 {
		fmt.Fprintf(&b, "    %s f%d = %d;\n", []string{"bool", "double", "string", "bytes", "fixed32"}[i%5], i, i+1)
	}
	b.WriteString("    Wide last = 301;\n")
	b.WriteString("  }\n}\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wide.proto"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program for 386 and returns its output. Kernels that are configured so do not run such programs; then QEMU does.
func run(t *testing.T, exe string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if errors.Is(err, syscall.ENOEXEC) {
		qemu, lookErr := exec.LookPath("qemu-i386")
		if lookErr != nil {
			t.Fatalf("%v: this kernel runs no programs for 386, and there is no qemu-i386: apt-get install -y --no-install-recommends qemu-user", err)
		}
		cmd = exec.CommandContext(t.Context(), qemu, append([]string{exe}, args...)...)
		cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1") // its signal handlers have no thread-local storage
		cmd.Stderr = os.Stderr
		out, err = cmd.Output()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for _, api := range []string{"open", "hybrid", "opaque", "gogo"} {
		t.Run(api, func(t *testing.T) {
			importPaths, files := []string{"testdata"}, []string{"plain.proto"}
			if api != "gogo" {
				importPaths, files = schemas(t, api)
			}
			exe, err := Build(t.Context(), Options{Dir: t.TempDir(), ImportPaths: importPaths, Files: files, API: api, OS: "linux", Arch: "386"})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s", run(t, exe, args(*count)...))
		})
	}
}

func args(messages int) []string {
	return []string{"-seed", strconv.FormatUint(*seed, 10), "-count", strconv.Itoa(messages)}
}

// TestRoundTrip_Wasm is the same where guests run, where pointers have 64 bits and addresses 32. It takes fewer messages, since the
// program has to be compiled to machine code first.
func TestRoundTrip_Wasm(t *testing.T) {
	exe, err := Build(t.Context(), Options{
		Dir: t.TempDir(), ImportPaths: []string{"testdata"}, Files: own, API: "open", OS: "wasip1", Arch: "wasm",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(newGuest(t, exe).run(t, args(*count/10)...))
}
