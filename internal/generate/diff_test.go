package generate

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/goproxytest"

	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/staging"
)

const dialMain = `// Command calls serves prodcon.ProducerConsumer by calling helloworld.Greeter on a connection that a dependency makes.
package main

//go:generate go tool cofaas-gen

import (
	. "fmt"
	"log"
	stdnet "net"
	_ "embed"; rpc "google.golang.org/grpc"

	"example.com/dialer"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

type consumer struct {
	prodcon.UnimplementedProducerConsumerServer
	greeter helloworld.GreeterClient
}

func main() {
	conn, err := dialer.Dial("hello:80")
	if err != nil { log.Fatal(err) }
	lis, err := stdnet.Listen("tcp", Sprint("localhost:", 0)) /* as it is */
	if err != nil { log.Fatal(err) }
	s := rpc.NewServer()
	prodcon.RegisterProducerConsumerServer(s, consumer{greeter: helloworld.NewGreeterClient(conn)})
	log.Fatal(s.Serve(lis))
}`

// require has a module of the workspace require one of testdata/mod, and returns the module cache.
func require(t *testing.T, dir, path, version string) (modules string) {
	t.Helper()
	proxy, err := goproxytest.NewServer("testdata/mod", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules = t.TempDir()
	t.Setenv("GOPROXY", proxy.URL+",file://"+filepath.ToSlash(filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")))
	t.Setenv("GOMODCACHE", modules)
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-modcacherw")
	write(t, filepath.Join(dir, "go.mod"), read(t, filepath.Join(dir, "go.mod"))+"\nrequire "+path+" "+version+"\n")
	for _, args := range [][]string{{"mod", "download", path}, {"list", "-deps", "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", args, err, out)
		}
	}
	return modules
}

// TestDiff applies the diff to copies of the user's files, and of those of a dependency, and compares with the stage.
func TestDiff(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks modules")
	}
	dir := workspace(t)
	write(t, filepath.Join(dir, "fns/calls/main.go"), dialMain)
	modules := require(t, filepath.Join(dir, "fns/calls"), "example.com/dialer", "v1.2.0")

	opts := Options{Dir: dir, ImportPaths: []string{filepath.Join(dir, "protos")}, StageDir: t.TempDir(), Tool: "1"}
	patch, err := Diff(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Diff(t.Context(), opts); err != nil || !bytes.Equal(patch, again) {
		t.Errorf("the second diff, %v:\n%s", err, again)
	}

	// The patched files: copies of all of the user's, and of the dependency's by the names in the diff.
	patched := t.TempDir()
	copyTree(t, patched, dir)
	copyTree(t, filepath.Join(patched, "example.com/dialer@v1.2.0"), filepath.Join(modules, "example.com/dialer@v1.2.0"))
	toolkit, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	copyTree(t, filepath.Join(patched, "github.com/cofaas/cofaas/example/prodcon/protos"), filepath.Join(toolkit, "example/prodcon/protos"))
	// What is patched is told by its time, which may be a coarse one.
	past := time.Now().Add(-time.Hour)
	for name := range tree(t, patched) {
		if err := os.Chtimes(name, past, past); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, patched)
	cmd := exec.Command("git", "apply", "--whitespace=nowarn", "-")
	cmd.Dir, cmd.Stdin = patched, bytes.NewReader(patch)
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(patched))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
	}
	var changed []string
	after := tree(t, patched)
	for _, name := range sortedKeys(after) {
		if before[name] != after[name] {
			changed = append(changed, name)
		}
	}
	want := []string{
		"example.com/dialer@v1.2.0/dial.go", "fns/calls/hello/main.go", "fns/calls/main.go",
		"github.com/cofaas/cofaas/example/prodcon/protos/helloworld/helloworld_grpc.pb.go", "github.com/cofaas/cofaas/example/prodcon/protos/prodcon/prodcon_grpc.pb.go",
	}
	changed = relatives(t, patched, changed)
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changed files (-want +got):\n%s", diff)
	}

	// Each of them is in the stages of the functions that have it.
	p, err := load(t.Context(), &opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.plan.Functions {
		spec, err := p.stageSpec(program{f, placement.Wasm})
		if err != nil {
			t.Fatal(err)
		}
		stage := filepath.Join(opts.StageDir, f.Name)
		if _, err := staging.Write(t.Context(), stage, *spec); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, name := range changed {
			for _, staged := range stagedFiles(t, stage, filepath.Base(filepath.Dir(name)), filepath.Base(name)) {
				got := withoutLineDirectives(read(t, staged))
				if !slices.ContainsFunc(changed, func(n string) bool { return read(t, filepath.Join(patched, n)) == got }) {
					t.Errorf("function %s: %s is not what the diff makes of any file:\n%s", f.Name, staged, got)
				}
				if got == read(t, filepath.Join(patched, name)) {
					found++
				}
			}
		}
		if want := map[string]int{"calls": 4, "hello": 2}[f.Name]; found != want {
			t.Errorf("function %s has %d of the patched files, want %d", f.Name, found, want)
		}
	}
}

// stagedFiles finds the files of a name in folders of a name, or of the module of that name.
func stagedFiles(t *testing.T, root, folder, name string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		parent := filepath.Base(filepath.Dir(path))
		if err == nil && d.Name() == name && (parent == folder || parent == "main") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func withoutLineDirectives(src string) string {
	var b strings.Builder
	for line := range strings.Lines(src) {
		if !strings.HasPrefix(line, "//line ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func copyTree(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
