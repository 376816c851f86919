package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts a command into a process group of its own, so that killGroup reaches what it starts. It does not outlive this
// process either, however that ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

func killGroup(cmd *exec.Cmd) error {
	if cmd.Process == nil {
		return nil
	}
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// processors are those that this process may use.
func processors() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var all []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			all = append(all, cpu)
		}
	}
	return all, nil
}

// startOn starts a command on some processors only; nil means all. A process inherits them from the thread that starts it.
func startOn(cmd *exec.Cmd, cores []int) error {
	if cores == nil {
		return cmd.Start()
	}
	var before, set unix.CPUSet
	for _, cpu := range cores {
		set.Set(cpu)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("processors %v: %w", cores, err)
	}
	err := cmd.Start()
	if err2 := unix.SchedSetaffinity(0, &before); err == nil {
		err = err2
	}
	return err
}

// residentBytes returns the resident memory of a process.
func residentBytes(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data)
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm is %q", data)
	}
	pages, err := strconv.Atoi(string(fields[1]))
	return float64(pages * os.Getpagesize()), err
}

// groupCPU returns the processor time in nanoseconds that a process and all that it has started have used, without threads that have
// ended.
func groupCPU(pid int) (float64, error) {
	children, err := processTree()
	if err != nil {
		return 0, err
	}
	total := 0.0
	for group := []int{pid}; len(group) > 0; group = group[1:] {
		group = append(group, children[group[0]]...)
		ns, err := processCPU(group[0])
		if err != nil {
			return 0, err
		}
		total += ns
	}
	if total == 0 {
		return 0, fmt.Errorf("process %d has used no time", pid)
	}
	return total, nil
}

// processCPU sums up the threads of a process, which may have ended.
func processCPU(pid int) (total float64, err error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	for _, task := range tasks {
		data, err := os.ReadFile(task)
		if err != nil {
			continue // it has ended
		}
		used, _, _ := bytes.Cut(data, []byte(" "))
		ns, err := strconv.ParseFloat(string(used), 64)
		if err != nil {
			return 0, fmt.Errorf("%s is %q", task, data)
		}
		total += ns
	}
	return total, nil
}

// processTree returns the children of all processes.
func processTree() (map[int][]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may have any bytes; then there are the state and the parent.
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if len(fields) < 2 || err1 != nil {
			return nil, fmt.Errorf("%s is %q", path, data)
		}
		parent, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			return nil, fmt.Errorf("%s is %q", path, data)
		}
		children[parent] = append(children[parent], pid)
	}
	return children, nil
}
