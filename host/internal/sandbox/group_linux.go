package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// group is a control group of one isolate, which bounds the memory and the processes that limits do not see, such as buffers of the kernel's.
// It may be nil: most hosts may make none.
type group struct {
	path string
	dir  *os.File
}

// newGroup returns a group for an isolate, and why there is none.
func newGroup(cfg *Config) (*group, error) {
	base, err := groupsBase()
	if err != nil {
		return nil, err
	}
	return groupIn(base, cfg)
}

var groupCount atomic.Int64

// groupIn makes a group in a folder of groups.
func groupIn(base string, cfg *Config) (*group, error) {
	g := &group{path: filepath.Join(base, fmt.Sprintf("cofaas-%d-%d", os.Getpid(), groupCount.Add(1)))}
	if err := os.Mkdir(g.path, 0o755); err != nil {
		return nil, err
	}
	limits := map[string]string{"pids.max": strconv.Itoa(orDefault(cfg.MaxProcesses, defaultProcesses))}
	if cfg.MaxMemory > 0 {
		limits["memory.max"] = strconv.FormatUint(cfg.MaxMemory+memoryBeside, 10)
		limits["memory.oom.group"] = "1"
	}
	err := error(nil)
	for _, file := range slices.Sorted(maps.Keys(limits)) {
		err = errors.Join(err, os.WriteFile(filepath.Join(g.path, file), []byte(limits[file]), 0o644))
	}
	if cfg.MaxMemory > 0 {
		// Not every kernel accounts for it.
		_ = os.WriteFile(filepath.Join(g.path, "memory.swap.max"), []byte("0"), 0o644)
	}
	if err == nil {
		g.dir, err = os.Open(g.path)
	}
	if err != nil {
		g.remove()
		return nil, err
	}
	return g, nil
}

// join has a process begin in the group.
func (g *group) join(attr *syscall.SysProcAttr) {
	if g != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(g.dir.Fd())
	}
}

// remove removes the group. Its process has ended, and the kernel may need a moment to see that.
func (g *group) remove() {
	if g == nil {
		return
	}
	if g.dir != nil {
		_ = g.dir.Close()
	}
	const longest = time.Second // two seconds altogether
	for pause := time.Millisecond; ; pause *= 2 {
		if err := unix.Rmdir(g.path); !errors.Is(err, unix.EBUSY) || pause > longest {
			return
		}
		time.Sleep(pause)
	}
}

// groupsBase finds the folder in which this process may make groups, once.
var groupsBase = sync.OnceValues(func() (string, error) {
	own, err := ownGroup()
	if err != nil {
		return "", err
	}
	// Whoever runs us in a group below has kept this one for groups.
	for _, base := range []string{own, filepath.Dir(own)} {
		if hasControllers(filepath.Join(base, "cgroup.subtree_control")) && unix.Access(base, unix.W_OK) == nil {
			return base, nil
		}
	}
	if !hasControllers(filepath.Join(own, "cgroup.controllers")) {
		return "", fmt.Errorf("%s has not the controllers memory and pids", own)
	}
	return own, makeBase(own)
})

// makeBase makes a group that this process has for itself one for groups: those have no processes.
func makeBase(own string) (err error) {
	procs, err := os.ReadFile(filepath.Join(own, "cgroup.procs"))
	if err != nil {
		return err
	}
	self := strconv.Itoa(os.Getpid())
	if strings.TrimSpace(string(procs)) != self {
		return fmt.Errorf("%s is not for this process alone", own)
	}
	leaf := filepath.Join(own, "cofaas-host")
	if err := os.Mkdir(leaf, 0o755); err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(self), 0o644)
	if err == nil {
		err = os.WriteFile(filepath.Join(own, "cgroup.subtree_control"), []byte("+memory +pids"), 0o644)
	}
	if err != nil {
		back := os.WriteFile(filepath.Join(own, "cgroup.procs"), []byte(self), 0o644)
		return errors.Join(err, back, unix.Rmdir(leaf))
	}
	return nil
}

func hasControllers(file string) bool {
	text, err := os.ReadFile(file)
	fields := strings.Fields(string(text))
	return err == nil && slices.Contains(fields, "memory") && slices.Contains(fields, "pids")
}

// ownGroup is the folder of the group that this process is in.
func ownGroup() (string, error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	return groupFolder(string(groups), string(mounts))
}

// groupFolder finds the folder of a process's group, of what /proc says of the process.
func groupFolder(groups, mounts string) (string, error) {
	path, found := "", false
	for line := range strings.Lines(groups) {
		if rest, ok := strings.CutPrefix(line, "0::"); ok {
			path, found = strings.TrimSuffix(rest, "\n"), true
		}
	}
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if !found || !strings.HasPrefix(after, "cgroup2 ") || len(fields) < 5 {
			continue
		}
		if below, err := filepath.Rel(fields[3], path); err == nil && !strings.HasPrefix(below, "..") {
			return filepath.Join(fields[4], below), nil
		}
	}
	return "", errors.New("there are no control groups of version 2")
}
