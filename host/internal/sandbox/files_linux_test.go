package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func init() {
	attacks["cat"] = func(args []string) {
		for _, path := range args {
			text, err := os.ReadFile(path)
			fmt.Printf("%s %v\n", text, err)
		}
	}
	attacks["system"] = func([]string) {
		_, err := time.LoadLocation("Europe/Berlin")
		fmt.Println(err)
		resolv, err := os.ReadFile("/etc/resolv.conf")
		fmt.Println(len(resolv), err)
		hosts, err := os.ReadFile("/etc/hosts")
		fmt.Printf("%q %v\n", hosts, err)
		f, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
		if err == nil {
			_, err = f.Write([]byte("x"))
		}
		fmt.Println(err)
	}
}

func TestMounts(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("conf/a", "a", 0o644)
	p := start(t, Config{Mounts: []Mount{
		{"/etc/app", filepath.Join(folder, "conf")}, {"/etc/hosts", write("hosts", "mine", 0o644)},
	}}, "cat", "/etc/app/a", "/etc/hosts", "/etc/app/b", folder+"/conf/a")
	for _, want := range []string{"a <nil>", "mine <nil>", " open /etc/app/b: no such file or directory", " open " + folder + "/conf/a: no such file or directory"} {
		if got := p.line(t); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A mount needs something to be mounted on, which nobody makes in the operator's folders.
func TestMounts_Errors(t *testing.T) {
	folder := t.TempDir()
	for _, mounts := range [][]Mount{{{"/etc/app", folder}, {"/etc/app/sub", folder}}, {{"/etc/app", filepath.Join(folder, "missing")}}} {
		_, err := Start(t.Context(), Config{Function: "test", Program: testProgram(t), Mounts: mounts})
		if last := mounts[len(mounts)-1]; err == nil || !strings.Contains(err.Error(), last.Source+" cannot be mounted at "+last.Path+": ") {
			t.Errorf("got %v", err)
		}
	}
}

func TestMounts_secret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, Config{Mounts: []Mount{{"/run/secrets/key", path}}}, "cat", "/run/secrets/key")
	if got := p.line(t); got != "secret <nil>" {
		t.Errorf("got %q", got)
	}
}

func TestSystem(t *testing.T) {
	resolv, err := os.ReadFile("/etc/resolv.conf")
	p := start(t, Config{}, "system")
	wants := []string{"<nil>", fmt.Sprint(len(resolv), " <nil>"), `"127.0.0.1\tlocalhost\n::1\tlocalhost\n" <nil>`, "<nil>"}
	if err != nil {
		wants[1] = "0 open /etc/resolv.conf: no such file or directory"
	}
	if _, err := time.LoadLocation("Europe/Berlin"); err != nil {
		wants[0] = err.Error()
	}
	for _, want := range wants {
		if got := p.line(t); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
