package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

func TestGroupFolder(t *testing.T) {
	const hybrid = "25 20 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n"
	const unified = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	const inContainer = "30 23 0:26 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
	for _, test := range []struct{ groups, mounts, want string }{
		{"1:cpu:/\n0::/\n", hybrid, "/sys/fs/cgroup/unified"},
		{"0::/system.slice/shop.service\n", unified, "/sys/fs/cgroup/system.slice/shop.service"},
		{"0::/docker/1/sub\n", inContainer, "/sys/fs/cgroup/sub"},
		{"0::/docker/2\n", inContainer, ""},
		{"1:cpu:/\n", hybrid, ""},
		{"0::/\n", "", ""},
	} {
		got, err := groupFolder(test.groups, test.mounts)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: got %q, %v", test.groups, got, err)
		}
	}
}

func TestGroupIn(t *testing.T) {
	base := t.TempDir()
	g, err := groupIn(base, &Config{MaxMemory: 1 << 20, MaxProcesses: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer g.dir.Close()
	for file, want := range map[string]string{"memory.max": "68157440", "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "7"} {
		got, err := os.ReadFile(filepath.Join(g.path, file))
		if string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", file, got, err, want)
		}
	}
	if _, err := groupIn(filepath.Join(base, "missing"), &Config{}); err == nil {
		t.Error("a group in a folder that is not there")
	}
}

// A process begins in the group of the kernel's that it is given, which is gone after it. Limits need controllers, which are not always there.
func TestGroup(t *testing.T) {
	own, err := ownGroup()
	path := filepath.Join(own, "cofaas-test")
	if err != nil || os.Mkdir(path, 0o755) != nil {
		return // there are no groups to be had
	}
	dir, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	g := &group{path: path, dir: dir}
	program := testProgram(t)
	p := &Process{done: make(chan struct{})}
	started := make(chan error)
	p.held.group = g
	go p.run(&Config{Function: "test", Program: program, Args: []string{"wait"}, Env: []string{"ISOLATE=1"}}, started)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	procs, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
	if len(procs) == 0 {
		t.Errorf("nothing is in the group: %v", err)
	}
	p.Kill()
	if _, err := p.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the group is still there")
	}
}
