package editors_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/lsp/lsptest"
)

// run runs the go command, and returns what it prints.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// start starts gopls for a folder, with more in its environment.
func start(t *testing.T, dir string, env ...string) *lsptest.Client {
	t.Helper()
	cmd := exec.Command(run(t, "gopls", "tool", "-n", "gopls"))
	cmd.Env = append(os.Environ(), env...)
	c := lsptest.Start(t, cmd)
	c.Initialize(nil, dir)
	return c
}

// generated makes a module of the example in which go generate works, and generates its hosts and guests. The stages are in stage.
func generated(t *testing.T) (dir, stage string) {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, stage = lsptest.Prodcon(t), filepath.Join(t.TempDir(), "stage")
	run(t, dir, "mod", "edit", "-require=github.com/cofaas/cofaas@v0.0.0", "-replace=github.com/cofaas/cofaas="+repository,
		"-tool=github.com/cofaas/cofaas/cmd/cofaas-gen")
	run(t, dir, "tool", "cofaas-gen", "-stage", stage, "./...")
	return dir, stage
}

// TestGopls has gopls look at the functions of the example, at what is generated for them, and at a stage. It must find nothing wrong with
// them, and find its way between them.
func TestGopls(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds gopls and guests, which takes long")
	}
	dir, stage := generated(t)
	t.Run("Functions", func(t *testing.T) {
		t.Parallel()
		testFunctions(t, dir)
	})
	t.Run("Stage", func(t *testing.T) {
		t.Parallel()
		testStage(t, filepath.Join(stage, "producer"))
	})
}

func testFunctions(t *testing.T, dir string) {
	in := func(name string) string { return filepath.Join(dir, name) }
	host, bindings, greeter := in("producer/cofaas/main.go"), in("producer/cofaas/bindings/bindings_wasip1.go"), in("producer/greeter.go")
	files := []string{
		in("producer/main.go"), in("producer/config.go"), greeter, in("consumer/main.go"),
		host, in("consumer/cofaas/main.go"), bindings, in("producer/cofaas/bindings/doc.go"),
	}
	c := start(t, dir)
	open(c, files)
	// Bindings are for wasip1 alone, as their name says; gopls takes the hint and loads them for that system.
	control(c, host, "host.Main(", "host.Mane(")
	control(c, bindings, "guest.NewExport(", "guest.NewExpert(")
	control(c, greeter, "crc32.ChecksumIEEE", "crc32.Checksum")
	quiet(t, c)

	definition(t, c, greeter, "prodcon.NewProducerConsumerClient(conn), func", len("prodcon."), in("protos/prodcon/prodcon_grpc.pb.go"), "func NewProducerConsumerClient")
	definition(t, c, greeter, "client.ConsumeByte", len("client."), in("protos/prodcon/prodcon_grpc.pb.go"), "ConsumeByte(ctx context.Context")
	definition(t, c, host, "host.Main(", len("host."), "/host/", "func Main(")
	definition(t, c, bindings, "guest.Slab[helloworld.HelloRequest]", len("guest."), "/guest/", "type Slab[")
	definition(t, c, bindings, "guest.Slab[helloworld.HelloRequest]", len("guest.Slab[helloworld."), in("protos/helloworld/helloworld.pb.go"), "type HelloRequest struct")
	definition(t, c, bindings, "d.server.SayHello(ctx, in)", len("d.server."), in("protos/helloworld/helloworld_grpc.pb.go"), "SayHello(context.Context, *HelloRequest)")

	testCodeLens(t, c, in("producer/main.go"), host)
	c.Shutdown()
}

// testCodeLens runs go generate from an editor, after a generated file was lost.
func testCodeLens(t *testing.T, c *lsptest.Client, main, host string) {
	want, err := os.ReadFile(host)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(host); err != nil {
		t.Fatal(err)
	}
	var lenses []struct {
		Range   lsptest.Range
		Command struct {
			Title, Command string
			Arguments      []json.RawMessage
		}
	}
	c.Call("textDocument/codeLens", map[string]any{"textDocument": map[string]any{"uri": lsptest.URI(main)}}, &lenses)
	at := c.Find(main, "//go:generate go tool cofaas-gen", 0)
	for _, lens := range lenses {
		if lens.Range.Start.Line != at.Line || lens.Command.Title != "run go generate" {
			continue
		}
		c.Call("workspace/executeCommand", map[string]any{"command": lens.Command.Command, "arguments": lens.Command.Arguments}, nil)
		if message := c.WaitProgress("Running go generate ."); message != "completed" {
			t.Errorf("go generate ends with %q\nthe server has logged:\n%s", message, strings.Join(c.Logs(), "\n"))
		}
		got, err := os.ReadFile(host)
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not as it was: %v", host, err)
		}
		return
	}
	t.Errorf("no code lens on the go:generate line: %+v", lenses)
}

func testStage(t *testing.T, dir string) {
	in := func(name string) string { return filepath.Join(dir, "main", name) }
	guest, greeter, bindings := in("producer/cofaas_guest.go"), in("producer/greeter.go"), in("producer/cofaas/bindings/bindings_wasip1.go")
	c := start(t, in(""), environment(t, dir)...)
	open(c, []string{guest, greeter, bindings, in("producer/main.go"), in("protos/prodcon/prodcon_grpc.pb.go")})
	control(c, greeter, "crc32.ChecksumIEEE", "crc32.Checksum")
	control(c, bindings, "guest.NewExport(", "guest.NewExpert(")
	quiet(t, c)

	definition(t, c, greeter, "conn *grpc.ClientConn", len("conn *grpc."), "/stubs/grpc/", "type ClientConn struct")
	definition(t, c, guest, "cofaas/bindings\"", 1, filepath.Dir(bindings), "package bindings")
	definition(t, c, bindings, "guest.Slab[helloworld.HelloRequest]", len("guest.Slab[helloworld."), in("protos/helloworld/helloworld.pb.go"), "type HelloRequest struct")
	c.Shutdown()
}

// environment returns what a stage says of the environment that it is for.
func environment(t *testing.T, stage string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(stage, "README"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if env, ok := strings.CutPrefix(line, "\t"); ok {
			return strings.Fields(env)
		}
	}
	t.Fatalf("README of a stage:\n%s", data)
	return nil
}

// open opens files and waits until gopls has looked at all of them.
func open(c *lsptest.Client, files []string) {
	for _, f := range files {
		c.Open(f)
	}
	for _, f := range files {
		c.Wait(f, "a first look", func(p lsptest.Published) bool { return p.URI != "" })
	}
}

// control checks that gopls finds a mistake in a file, and no longer when it is mended: what it does not complain of, it has looked at.
func control(c *lsptest.Client, file, old, new string) {
	text := c.Text(file)
	i := strings.Index(text, old)
	c.Replace(file, text[:i+len(old)], text[:i]+new)
	c.Wait(file, "an error", func(p lsptest.Published) bool {
		return slices.ContainsFunc(p.Diagnostics, func(d lsptest.Diagnostic) bool { return d.Severity == 1 })
	})
	v := c.Replace(file, text[:i]+new, text[:i+len(old)])
	c.Wait(file, "no error", func(p lsptest.Published) bool {
		return p.Version != nil && *p.Version == v && !slices.ContainsFunc(p.Diagnostics, func(d lsptest.Diagnostic) bool { return d.Severity == 1 })
	})
}

// quiet checks that there are no errors, and no warnings in Go files.
func quiet(t *testing.T, c *lsptest.Client) {
	t.Helper()
	for _, p := range c.All() {
		for _, d := range p.Diagnostics {
			if d.Severity == 1 || d.Severity == 2 && strings.HasSuffix(p.URI, ".go") {
				t.Errorf("%s:%d: %s (%s)", p.URI, d.Range.Start.Line+1, d.Message, d.Source)
			}
		}
	}
}

// definition checks that the definition of what is in a file, plus bytes behind the first place that has text, is on a line with wantText
// of a file whose path contains wantFile.
func definition(t *testing.T, c *lsptest.Client, file, text string, plus int, wantFile, wantText string) {
	t.Helper()
	all := c.Text(file)
	i := strings.Index(all, text)
	if i < 0 {
		t.Fatalf("%s lacks %q", file, text)
	}
	var found []lsptest.Location
	c.Call("textDocument/definition", lsptest.At(file, lsptest.PositionAt(all, i+plus)), &found)
	for _, l := range found {
		path := strings.TrimPrefix(l.URI, "file://")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		if strings.Contains(path, wantFile) && strings.Contains(lines[l.Range.Start.Line], wantText) {
			return
		}
	}
	t.Errorf("%s: definition of %q: got %+v, want %q in %s", file, text, found, wantText, wantFile)
}
