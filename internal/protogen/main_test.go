package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `syntax = "proto3";
package p;
option go_package = "example.com/p";
import "google/protobuf/timestamp.proto";
// S is a service.
service S { rpc Do(M) returns (M); }
// M is a message.
message M { google.protobuf.Timestamp at = 1; }
`

// writeProto writes a .proto file into a new folder and returns the folder.
func writeProto(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// invoke runs the command and checks its exit code.
func invoke(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	if got := run(args, &out, &errs); got != want {
		t.Fatalf("run(%q) = %d, want %d; stderr:\n%s", args, got, want, &errs)
	}
	return out.String(), errs.String()
}

func TestGenerate(t *testing.T) {
	dir := writeProto(t, "p.proto", good)
	invoke(t, 0, "-dir", dir, "p.proto")
	message, service := read(t, dir+"/p.pb.go"), read(t, dir+"/p_grpc.pb.go")
	for _, want := range []string{"// M is a message.", `"google.golang.org/protobuf/types/known/timestamppb"`} {
		if !strings.Contains(message, want) {
			t.Errorf("p.pb.go lacks %s", want)
		}
	}
	if want := `grpc "google.golang.org/grpc"`; !strings.Contains(service, want) {
		t.Errorf("p_grpc.pb.go lacks %s", want)
	}

	invoke(t, 0, "-dir", dir, "-out", "again", "p.proto")
	if read(t, dir+"/again/p.pb.go") != message || read(t, dir+"/again/p_grpc.pb.go") != service {
		t.Error("the second run generated something else")
	}
}

func TestCheck(t *testing.T) {
	dir := writeProto(t, "p.proto", good)
	out, _ := invoke(t, 1, "-dir", dir, "-check", "p.proto")
	if want := "p.pb.go: stale, run go generate\np_grpc.pb.go: stale, run go generate\n"; out != want {
		t.Errorf("-check printed %q, want %q", out, want)
	}
	if _, err := os.Stat(dir + "/p.pb.go"); err == nil {
		t.Error("-check wrote a file")
	}
	invoke(t, 0, "-dir", dir, "p.proto")
	invoke(t, 0, "-dir", dir, "-check", "p.proto")
}

func TestBuiltin(t *testing.T) {
	dir := t.TempDir()
	invoke(t, 0, "-dir", dir, "-module", "example.com", "-builtin", "grpc/health/v1/health.proto",
		"-M", "grpc/health/v1/health.proto=example.com/stubs/health",
		"-grpc-opt", "require_unimplemented_servers=false",
		"-import", "google.golang.org/grpc=example.com/all", "-import", "google.golang.org/grpc/codes=example.com/one")
	got := read(t, dir+"/stubs/health/health_grpc.pb.go")
	for _, want := range []string{
		`grpc "example.com/all"`,
		`status "example.com/all/status"`,
		`codes "example.com/one"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("health_grpc.pb.go lacks %s", want)
		}
	}
	if bad := "func (UnimplementedHealthServer) mustEmbed"; strings.Contains(got, bad) {
		t.Errorf("health_grpc.pb.go has %s, -grpc-opt had no effect", bad)
	}
}

func TestUnregistered(t *testing.T) {
	dir := t.TempDir()
	invoke(t, 0, "-dir", dir, "-unregistered", "-builtin", "grpc/health/v1/health.proto")
	got := read(t, dir+"/grpc/health/v1/health.pb.go")
	for _, want := range []string{"FileRegistry: ", "TypeRegistry: ", `"google.golang.org/protobuf/reflect/protoregistry"`} {
		if !strings.Contains(got, want) {
			t.Errorf("health.pb.go lacks %s", want)
		}
	}
	_, stderr := invoke(t, 1, "-dir", writeProto(t, "p.proto", good), "-unregistered", "p.proto")
	if want := "-unregistered: imports could not be found"; !strings.Contains(stderr, want) {
		t.Errorf("stderr lacks %q:\n%s", want, stderr)
	}
}

func TestGateway(t *testing.T) {
	dir := writeProto(t, "p.proto", strings.NewReplacer(
		"service S { rpc Do(M) returns (M); }", `service S { rpc Do(M) returns (M) { option (google.api.http) = {get: "/do"}; } }`,
		"import", "import \"google/api/annotations.proto\";\nimport",
	).Replace(good))
	invoke(t, 0, "-dir", dir, "-gateway", "p.proto")
	if got, want := read(t, dir+"/p.pb.gw.go"), "func RegisterSHandler("; !strings.Contains(got, want) {
		t.Errorf("p.pb.gw.go lacks %s", want)
	}
}

func TestRun_Errors(t *testing.T) {
	tests := []struct {
		name  string
		proto string
		args  []string
		code  int
		want  []string // parts of stderr
	}{
		{name: "no file", code: 2, want: []string{"name a .proto file or a -builtin"}},
		{name: "unknown flag", args: []string{"-x"}, code: 2, want: []string{"-x"}},
		{name: "bad mapping", args: []string{"-M", "p.proto", "p.proto"}, code: 2, want: []string{"want key=value"}},
		{name: "missing file", args: []string{"none.proto"}, code: 1, want: []string{"none.proto"}},
		{name: "unknown builtin", args: []string{"-builtin", "x.proto"}, code: 1, want: []string{"x.proto: no linked Go package"}},
		{
			name:  "all errors have positions",
			proto: "syntax = \"proto3\";\npackage p;\nmessage M {\n  A a = 1;\n  B b = 2;\n}\n",
			args:  []string{"p.proto"},
			code:  1,
			want:  []string{"p.proto:4:3: ", "p.proto:5:3: "},
		},
		{
			name:  "error of a plugin",
			proto: "syntax = \"proto3\";\npackage p;\n",
			args:  []string{"p.proto"},
			code:  1,
			want:  []string{"protoc-gen-go: ", "protoc-gen-go-grpc: ", "unable to determine Go import path for \"p.proto\""},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeProto(t, "p.proto", tt.proto)
			_, stderr := invoke(t, tt.code, append([]string{"-dir", dir}, tt.args...)...)
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr lacks %q:\n%s", want, stderr)
				}
			}
			if files, _ := filepath.Glob(dir + "/*.go"); len(files) > 0 {
				t.Errorf("wrote %v", files)
			}
		})
	}
}

func TestRewriteImports(t *testing.T) {
	const src = "package p\n\nimport (\n\tb \"x.org/b\"\n\tc \"x.org/bc\"\n\td \"x.org/b/d\"\n)\n"
	const want = "package p\n\nimport (\n\tc \"x.org/bc\"\n\tb \"y.org/b\"\n\td \"y.org/d\"\n)\n" // sorted by path
	rules := []importRule{{from: "x.org/b", to: "y.org/b"}, {from: "x.org/b/d", to: "y.org/d"}}
	got, err := rewriteImports("p.go", []byte(src), rules)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := rewriteImports("p.go", []byte("no Go"), rules); err == nil || !strings.Contains(err.Error(), "p.go:1:1") {
		t.Errorf("error for a file that does not parse: %v, want a position", err)
	}
}
