package generate

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const helloMain = `// Command hello serves helloworld.Greeter.
package main

//go:generate go tool cofaas-gen

import (
	"log"
	"net"

	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
)

type greeter struct{ helloworld.UnimplementedGreeterServer }

func main() {
	lis, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	helloworld.RegisterGreeterServer(s, greeter{})
	log.Fatal(s.Serve(lis))
}
`

const callsMain = `// Command calls serves prodcon.ProducerConsumer by calling helloworld.Greeter.
package main

//go:generate go tool cofaas-gen

import (
	"context"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

type consumer struct {
	prodcon.UnimplementedProducerConsumerServer
	greeter helloworld.GreeterClient
}

func (c consumer) ConsumeByte(ctx context.Context, in *prodcon.ConsumeByteRequest) (*prodcon.ConsumeByteReply, error) {
	_, err := c.greeter.SayHello(ctx, &helloworld.HelloRequest{Name: "x"})
	return &prodcon.ConsumeByteReply{}, err
}

func main() {
	conn, err := grpc.NewClient("hello:80", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	lis, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer()
	prodcon.RegisterProducerConsumerServer(s, consumer{greeter: helloworld.NewGreeterClient(conn)})
	log.Fatal(s.Serve(lis))
}
`

// workspace makes a go.work with two modules, a function in each. One is below the folder of the other.
func workspace(t *testing.T) (dir string) {
	t.Helper()
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(goCache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "")
	if dir, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	_, requires, _ := strings.Cut(read(t, filepath.Join(root, "go.mod")), "require (")
	requires, _, _ = strings.Cut(requires, ")")
	for path, module := range map[string]string{"fns/calls": "example.com/calls", "fns/calls/hello": "example.com/hello"} {
		write(t, filepath.Join(dir, path, "go.mod"), "module "+module+"\n\ngo 1.26.0\n\nrequire github.com/cofaas/cofaas v0.0.0\n\nrequire ("+requires+")\n")
		write(t, filepath.Join(dir, path, "go.sum"), read(t, filepath.Join(root, "go.sum")))
	}
	write(t, filepath.Join(dir, "go.work"), "go 1.26.0\n\nuse (\n\t./fns/calls\n\t./fns/calls/hello\n)\n\nreplace github.com/cofaas/cofaas => "+root+"\n")
	write(t, filepath.Join(dir, "fns/calls/main.go"), callsMain)
	write(t, filepath.Join(dir, "fns/calls/hello/main.go"), helloMain)
	write(t, filepath.Join(dir, "fns/calls/hello/embedded.go"), "package main\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar text string\n")
	write(t, filepath.Join(dir, "fns/calls/hello/text.txt"), "some text\n")
	write(t, filepath.Join(dir, "protos/helloworld/helloworld.proto"), read(t, filepath.Join(root, "example/prodcon/protos/helloworld/helloworld.proto")))
	return dir
}

// TestRun generates a workspace, and asks of every input and output whether a change of it is noticed.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds guests")
	}
	dir := workspace(t)
	opts := func() Options {
		return Options{Dir: dir, Protos: map[string]string{"helloworld.Greeter": "protos/helloworld/helloworld.proto"}, ImportPaths: []string{filepath.Join(dir, "protos")}, Tool: "1"}
	}
	report, err := Run(t.Context(), opts())
	if err != nil {
		t.Fatal(err)
	}
	hello, calls := filepath.Join(dir, "fns/calls/hello/cofaas"), filepath.Join(dir, "fns/calls/cofaas")
	var want []string
	for root, guests := range map[string][]string{hello: {"hello"}, calls: {"calls", "hello"}} {
		for _, name := range []string{"app.binpb", "app.wit", "main.go", "bindings/bindings_wasip1.go", "bindings/doc.go", "guests/.gitignore"} {
			want = append(want, filepath.Join(root, name))
		}
		for _, g := range guests {
			want = append(want, filepath.Join(root, "guests", g+".wasm"))
		}
	}
	if diff := cmp.Diff(relatives(t, dir, want), relatives(t, dir, report.Changed)); report.UpToDate || diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}

	before := tree(t, dir)
	if report, err = Run(t.Context(), opts()); err != nil || !report.UpToDate || len(report.Changed) > 0 {
		t.Errorf("the second run: %+v, %v", report, err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("the second run (-before +after):\n%s", diff)
	}

	freshWith := func(o Options) bool {
		t.Helper()
		f, err := find(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		prints, err := newFingerprints(&o, f)
		if err != nil {
			t.Fatal(err)
		}
		return prints.fresh()
	}
	fresh := func() bool { t.Helper(); return freshWith(opts()) }
	// Each of these is done and taken back.
	for _, name := range []string{
		"fns/calls/main.go", "fns/calls/hello/main.go", "fns/calls/hello/text.txt", "fns/calls/hello/go.mod", "protos/helloworld/helloworld.proto",
		"fns/calls/cofaas/main.go", "fns/calls/cofaas/guests/hello.wasm", "fns/calls/hello/cofaas/app.wit",
	} {
		path := filepath.Join(dir, name)
		old := read(t, path)
		write(t, path, old+"\n")
		if fresh() {
			t.Errorf("a change of %s goes unnoticed", name)
		}
		write(t, path, old)
		if strings.Contains(name, "/cofaas/") {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if fresh() {
				t.Errorf("the lack of %s goes unnoticed", name)
			}
			write(t, path, old)
		}
	}
	for _, name := range []string{"fns/calls/new.go", "fns/calls/hello/new.go"} {
		path := filepath.Join(dir, name)
		write(t, path, "package main\n")
		if fresh() {
			t.Errorf("the new file %s goes unnoticed", name)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if !fresh() {
		t.Error("what was taken back still counts")
	}
	other := opts()
	other.Tool = "2"
	if freshWith(other) {
		t.Error("a newer tool goes unnoticed")
	}

	// What an older version generated goes, what others wrote stays.
	write(t, filepath.Join(hello, "guests/old.wasm"), "")
	write(t, filepath.Join(hello, "bindings/old.go"), generatedMark+"\n\npackage bindings\n")
	write(t, filepath.Join(hello, "mine.txt"), "mine")
	write(t, filepath.Join(calls, "main.go"), "package main\n")
	if report, err = Run(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	wantChanged := []string{"fns/calls/cofaas/main.go", "fns/calls/hello/cofaas/bindings/old.go", "fns/calls/hello/cofaas/guests/old.wasm"}
	if diff := cmp.Diff(wantChanged, relatives(t, dir, report.Changed)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if got := read(t, filepath.Join(hello, "mine.txt")); got != "mine" {
		t.Errorf("mine.txt is %q", got)
	}
	if stale, err := Check(t.Context(), opts()); err != nil || len(stale) > 0 {
		t.Errorf("Check: %v, %v", stale, err)
	}

	// From the folder of one function, only that one is generated. Nothing has changed, so this is quick.
	write(t, filepath.Join(calls, "app.wit"), "edited")
	one := opts()
	one.Dir = filepath.Join(dir, "fns/calls/hello")
	one.Protos = nil
	if stale, err := Check(t.Context(), one); err != nil || len(stale) > 0 {
		t.Errorf("Check of one: %v, %v", stale, err)
	}
}

func TestRun_Errors(t *testing.T) {
	dir := workspace(t)
	before := tree(t, dir)
	t.Run("nothing annotated", func(t *testing.T) {
		if _, err := Run(t.Context(), Options{Dir: dir, Patterns: []string{"github.com/cofaas/cofaas/example/prodcon/protos"}}); !errors.Is(err, ErrNothing) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if report, err := Run(ctx, Options{Dir: dir}); err == nil {
			t.Errorf("no error, but %+v", report)
		}
	})
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
