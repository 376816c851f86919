package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/cofaas/cofaas/example/prodcon/protos/helloworld"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// TestUser does what a user does, in a module outside of this repository with functions and protos of its own: it adds the
// tool, generates, and runs.
func TestUser(t *testing.T) {
	if testing.Short() {
		t.Skip("builds guests")
	}
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(scratch, "user")
	if err := programs.CopySources(dir, filepath.Join(root, "example/prodcon")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"producer/main.go", "producer/greeter.go", "consumer/main.go", "client/main.go"} {
		path := filepath.Join(dir, name)
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		src = []byte(strings.ReplaceAll(string(src), `"github.com/cofaas/cofaas/example/prodcon/`, `"example.com/shop/`))
		if err := os.WriteFile(path, src, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The folder's own generator of Go code is not part of what a user has.
	if err := os.Remove(filepath.Join(dir, "protos/gen.go")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "GOFLAGS=", "GOWORK=off",
		"XDG_CACHE_HOME="+filepath.Join(scratch, "usercache"), "GOCACHE="+goEnv(t, "GOCACHE"))
	command := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	command("mod", "init", "example.com/shop")
	if err := programs.WriteSums(dir); err != nil {
		t.Fatal(err)
	}
	command("mod", "edit", "-require=github.com/cofaas/cofaas@v0.0.0", "-replace=github.com/cofaas/cofaas="+root,
		"-tool=github.com/cofaas/cofaas/cmd/cofaas-gen") // what go get -tool does for a version that is published
	command("mod", "tidy")
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if out := command("generate", "./..."); out != "" {
		t.Errorf("go generate says\n%s", out)
	}
	command("vet", "./...")
	if out := command("tool", "cofaas-gen", "check"); out != "" {
		t.Errorf("check says\n%s", out)
	}
	if out := command("run", "./consumer/cofaas", "-h"); !strings.Contains(out, "This host runs the function consumer and what it reaches (consumer) in one process.") {
		t.Errorf("the consumer's host says\n%s", out)
	}

	cmd := exec.Command("go", "run", "./producer/cofaas", "-addr", "127.0.0.1:0", "-env", "producer:REPEATS=3")
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := programs.StartCommand(t, cmd, func(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGKILL) })
	addr := p.Wait(t, `msg=serving function=producer address=(\S+)`)[1]
	got, err := helloworld.NewGreeterClient(dial(t, addr)).SayHello(t.Context(), &helloworld.HelloRequest{Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(greeting("Ada", 1024, 3), got, protocmp.Transform()); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
	// As a terminal does.
	if err := syscall.Kill(-p.Cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.Code(t) // that of go run, which says 1 whenever it is interrupted
	if !strings.Contains(p.Log.String(), "msg=stopping") || strings.Contains(p.Log.String(), "level=ERROR") {
		t.Errorf("the host did not stop as it should:\n%s", p.Log)
	}

	// The user's own files are as they were, and go.mod has all that the generated hosts need.
	if again, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || string(again) != string(mod) {
		t.Errorf("go.mod has changed: %v\n%s", err, cmp.Diff(string(mod), string(again)))
	}
	for _, name := range []string{"consumer/main.go", "producer/config.go"} {
		want, err := os.ReadFile(filepath.Join(root, "example/prodcon", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ReplaceAll(string(got), `"example.com/shop/`, `"github.com/cofaas/cofaas/example/prodcon/`) != string(want) {
			t.Errorf("%s has changed", name)
		}
	}
}

func goEnv(t *testing.T, key string) string {
	t.Helper()
	out, err := exec.Command("go", "env", key).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
