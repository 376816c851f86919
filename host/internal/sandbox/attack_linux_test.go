package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attacks are what isolates of the tests try, by their names. What they print is what came of it.
var attacks = map[string]func(args []string){}

// attack runs one of them.
func attack(args []string) { attacks[args[0]](args[1:]) }

// refusal is what the kernel says, by its name.
func refusal(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	return fmt.Sprint(err)
}

// try makes a system call.
func try(number uintptr, args ...uintptr) string {
	var a [6]uintptr
	copy(a[:], args)
	_, _, errno := syscall.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno == 0 {
		return "done"
	}
	return unix.ErrnoName(errno)
}

// calls are system calls that isolates do not have, and what they are told.
var calls = []struct {
	name string
	do   func(host int) string
	want string
}{
	{"exec", func(int) string { return refusal(exec.Command("/proc/self/exe", "wait").Run()) }, "EPERM"},
	{"execveat", func(int) string {
		empty, args := []byte{0}, []*byte{nil}
		return try(unix.SYS_EXECVEAT, 3, uintptr(unsafe.Pointer(&empty[0])), uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&args[0])), unix.AT_EMPTY_PATH)
	}, "EPERM"},
	{"clone", func(int) string { return try(unix.SYS_CLONE, uintptr(unix.SIGCHLD)) }, "EPERM"},
	{"clone a namespace", func(int) string {
		return try(unix.SYS_CLONE, unix.CLONE_THREAD|unix.CLONE_VM|unix.CLONE_SIGHAND|unix.CLONE_NEWNET)
	}, "EPERM"},
	{"clone3", func(int) string { return try(unix.SYS_CLONE3) }, "ENOSYS"},
	{"kill all", func(int) string { return try(unix.SYS_KILL, ^uintptr(0), uintptr(unix.SIGKILL)) }, "EPERM"},
	{"kill the parent", func(int) string { return refusal(syscall.Kill(os.Getppid(), syscall.SIGKILL)) }, "EPERM"},
	{"kill the host", func(host int) string { return refusal(syscall.Kill(host, syscall.SIGKILL)) }, "EPERM"},
	{"kill a thread of the host", func(host int) string {
		return try(unix.SYS_TGKILL, uintptr(host), uintptr(host), uintptr(unix.SIGKILL))
	}, "EPERM"},
	{"tkill", func(host int) string { return try(unix.SYS_TKILL, uintptr(host), uintptr(unix.SIGKILL)) }, "EPERM"},
	{"pidfd_open", func(host int) string { return try(unix.SYS_PIDFD_OPEN, uintptr(host)) }, "EPERM"},
	{"sigqueue", func(host int) string { return try(unix.SYS_RT_SIGQUEUEINFO, uintptr(host)) }, "EPERM"},
	{"signals of files", func(host int) string { return try(unix.SYS_FCNTL, 1, unix.F_SETOWN, uintptr(host)) }, "EPERM"},
	{"ptrace", func(host int) string { return try(unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(host)) }, "EPERM"},
	{"process_vm_readv", func(host int) string { return try(unix.SYS_PROCESS_VM_READV, uintptr(host)) }, "EPERM"},
	{"process_vm_writev", func(host int) string { return try(unix.SYS_PROCESS_VM_WRITEV, uintptr(host)) }, "EPERM"},
	{"priority of others", func(host int) string { return try(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, uintptr(host), 19) }, "EPERM"},
	{"limits of others", func(host int) string { return try(unix.SYS_PRLIMIT64, uintptr(host)) }, "EPERM"},
	{"survive the host", func(int) string { return try(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, 0) }, "EPERM"},
	{"hide", func(int) string { return try(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0) }, "EPERM"},
	{"unshare", func(int) string { return try(unix.SYS_UNSHARE, unix.CLONE_NEWUSER) }, "EPERM"},
	{"setns", func(int) string { return try(unix.SYS_SETNS, 0, 0) }, "EPERM"},
	{"mount", func(int) string { return try(unix.SYS_MOUNT) }, "EPERM"},
	{"open_tree", func(int) string { return try(unix.SYS_OPEN_TREE) }, "EPERM"},
	{"chroot", func(int) string { return refusal(syscall.Chroot("/")) }, "EPERM"},
	{"setuid", func(int) string { return try(unix.SYS_SETUID, 0) }, "EPERM"},
	{"setsid", func(int) string { return try(unix.SYS_SETSID) }, "EPERM"},
	{"bpf", func(int) string { return try(unix.SYS_BPF) }, "EPERM"},
	{"perf", func(int) string { return try(unix.SYS_PERF_EVENT_OPEN) }, "EPERM"},
	{"keys", func(int) string { return try(unix.SYS_KEYCTL) }, "EPERM"},
	{"userfaultfd", func(int) string { return try(unix.SYS_USERFAULTFD) }, "EPERM"},
	{"io_uring", func(int) string { return try(unix.SYS_IO_URING_SETUP, 8) }, "EPERM"},
	{"personality", func(int) string { return try(unix.SYS_PERSONALITY) }, "EPERM"},
	{"modules", func(int) string { return try(unix.SYS_FINIT_MODULE) }, "EPERM"},
	{"another filter", func(int) string { return try(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER) }, "EPERM"},
	{"memory files", func(int) string { return try(unix.SYS_MEMFD_CREATE) }, "EPERM"},
	{"shared memory", func(int) string {
		return try(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS, ^uintptr(0))
	}, "ENOMEM"},
	{"System V memory", func(int) string { return try(unix.SYS_SHMGET) }, "EPERM"},
	{"requeue waiters", func(int) string {
		var words [2]uint32
		return try(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&words[0])), 3, 0, 1, uintptr(unsafe.Pointer(&words[1])))
	}, "ENOSYS"},
	{"other kinds of numbers", func(int) string { return try(0x40000000 | unix.SYS_GETPID) }, "ENOSYS"},
	{"raw sockets", func(int) string { return socketRefusal(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP) }, "EPERM"},
	{"ping sockets", func(int) string { return socketRefusal(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP) }, "EPROTONOSUPPORT"},
	{"MPTCP", func(int) string { return socketRefusal(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP) }, "EPROTONOSUPPORT"},
	{"packet sockets", func(int) string { return socketRefusal(unix.AF_PACKET, unix.SOCK_DGRAM, 0) }, "EAFNOSUPPORT"},
	{"vsock", func(int) string { return socketRefusal(unix.AF_VSOCK, unix.SOCK_STREAM, 0) }, "EAFNOSUPPORT"},
	{"audit", func(int) string { return socketRefusal(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT) }, "EAFNOSUPPORT"},
	{"device of a socket", func(int) string {
		fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		return refusal(unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "lo"))
	}, "ENOPROTOOPT"},
	{"source routes", func(int) string {
		fd, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		return refusal(unix.SetsockoptString(fd, unix.IPPROTO_IP, unix.IP_OPTIONS, "\x83\x07\x04\x7f\x00\x00\x01\x00"))
	}, "ENOPROTOOPT"},
	{"interfaces of its network", func(int) string {
		fd, _ := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
		request := make([]byte, 32)
		request[0], request[4] = 32, unix.RTM_NEWLINK
		return refusal(unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	}, "EPERM"},
	{"its own program", func(int) string { return refusal(os.Truncate("/proc/self/exe", 0)) }, "EROFS"},
	{"memory of the host", func(host int) string {
		_, err := os.Open(fmt.Sprintf("/proc/%d/mem", host))
		return refusal(err)
	}, "ENOENT"},
	{"its own namespace's processes", func(int) string {
		found, err := os.ReadDir("/proc")
		pids := 0
		for _, e := range found {
			if _, err := strconv.Atoi(e.Name()); err == nil {
				pids++
			}
		}
		return fmt.Sprint(pids, err)
	}, "1 <nil>"},
}

func socketRefusal(family, kind, protocol int) string {
	_, err := unix.Socket(family, kind, protocol)
	return refusal(err)
}

// places are files that an isolate might like to write, read or change.
var places = []struct{ what, path, want string }{
	{"create", "/new", "EROFS"}, {"create", "/tmp/new", "ENOENT"}, {"create", "/etc/new", "EROFS"}, {"create", "/dev/shm/new", "ENOENT"},
	{"create", "/etc/ssl/new", "EROFS"}, {"write", "/etc/hosts", "EACCES"}, {"write", "/etc/resolv.conf", "EACCES"},
	{"write", "/proc/self/oom_score_adj", "EROFS"}, {"write", "/proc/sys/kernel/core_pattern", "EACCES"}, {"write", "/proc/self/clear_refs", "EROFS"},
	{"write", "/proc/self/mem", "EROFS"}, {"write", "/sys/kernel/mm/transparent_hugepage/enabled", "EACCES"},
	{"read", "/etc/passwd", "ENOENT"}, {"read", "/etc/shadow", "ENOENT"}, {"read", "/root", "ENOENT"}, {"read", "/home", "ENOENT"}, {"read", "/bin", "ENOENT"},
	{"read", "/var", "ENOENT"}, {"read", "/dev/mem", "ENOENT"}, {"read", "/run", "ENOENT"},
	{"chmod", "/etc/hosts", "EROFS"}, {"remove", "/etc/hosts", "EROFS"},
}

func init() {
	attacks["calls"] = func(args []string) {
		host, _ := strconv.Atoi(args[0])
		for _, c := range calls {
			fmt.Println(c.do(host))
		}
	}
	attacks["places"] = func([]string) {
		for _, p := range places {
			var err error
			switch p.what {
			case "create":
				_, err = os.Create(p.path)
			case "write":
				_, err = os.OpenFile(p.path, os.O_WRONLY, 0)
			case "read":
				_, err = os.Open(p.path)
			case "chmod":
				err = os.Chmod(p.path, 0o777)
			case "remove":
				err = os.Remove(p.path)
			}
			fmt.Println(refusal(err))
		}
	}
	// Threads without end.
	attacks["threads"] = func([]string) {
		fmt.Println("ready")
		for {
			go func() {
				runtime.LockOSThread()
				syscall.Pause()
			}()
			runtime.Gosched()
		}
	}
	attacks["descriptors"] = func([]string) {
		n := 0
		for {
			if _, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0); err != nil {
				fmt.Println(n, refusal(err))
				return
			}
			n++
		}
	}
	attacks["memory"] = func([]string) {
		fmt.Println("ready")
		for {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			hog = append(hog, b)
		}
	}
	attacks["loop"] = func([]string) {
		for range 2 * runtime.NumCPU() {
			go spin()
		}
		fmt.Println("ready")
		spin()
	}
	// Answers each line of the file that it is given.
	attacks["bystander"] = func([]string) {
		in := bufio.NewScanner(os.NewFile(3, "in"))
		for in.Scan() {
			fmt.Println(in.Text())
		}
	}
}

// hog is memory that is not given back.
var hog [][]byte

// spin computes without end.
func spin() {
	for n := 0; n >= 0; n = (n + 1) & 0xff {
	}
}

// bystander is another isolate, that should notice nothing.
type bystander struct {
	*started
	in    *os.File
	count int
}

func newBystander(t *testing.T) *bystander {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	defer r.Close()
	b := &bystander{started: start(t, Config{Files: []*os.File{r}}, "bystander"), in: w}
	b.check(t)
	return b
}

// check says that it goes on.
func (b *bystander) check(t *testing.T) {
	t.Helper()
	b.count++
	fmt.Fprintln(b.in, b.count)
	if got := b.line(t); got != strconv.Itoa(b.count) {
		t.Errorf("the other isolate says %q", got)
	}
}

func TestAttack_calls(t *testing.T) {
	other := newBystander(t)
	n, _ := networked(t, "", "", nil)
	p := start(t, Config{Network: n}, "calls", strconv.Itoa(os.Getpid()))
	for _, c := range calls {
		if got, want := p.line(t), expected(c.name, c.want); got != want {
			t.Errorf("%s: got %s, want %s", c.name, got, want)
		}
	}
	other.check(t)
}

func TestAttack_files(t *testing.T) {
	p := start(t, Config{}, "places")
	for _, place := range places {
		want := place.want
		if withoutNamespaces && place.what != "chmod" && place.what != "remove" && place.path != "/dev/mem" {
			want = "EACCES" // it is there, as the host's
		}
		if got := p.line(t); got != want {
			t.Errorf("%s %s: got %s, want %s", place.what, place.path, got, want)
		}
	}
}

// What takes too much is refused more, or ends, and nobody else has less.
func TestAttack_resources(t *testing.T) {
	other := newBystander(t)
	for name, cfg := range map[string]Config{
		"threads": {MaxProcesses: 64}, "descriptors": {MaxFiles: 50}, "memory": {MaxMemory: 64 << 20}, "loop": {},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, cfg, name)
			first := p.line(t)
			other.check(t)
			switch name {
			case "descriptors":
				var n int
				if _, err := fmt.Sscanf(first, "%d EMFILE", &n); err != nil || n >= 50 {
					t.Errorf("got %q", first)
				}
			case "loop":
				p.Kill()
				if got := p.wait(t); got.Signal != "killed" {
					t.Errorf("got %v", got)
				}
			case "memory":
				if got := p.wait(t); got.Code != codeNoMemory {
					t.Errorf("got %v", got)
				}
			default:
				if got := p.wait(t); got.Code != 2 {
					t.Errorf("got %v", got)
				}
			}
			other.check(t)
		})
	}
}

func TestStart_Strict(t *testing.T) {
	p := start(t, Config{Strict: true}, "wait")
	if len(p.Missing) > 0 {
		t.Errorf("missing: %s", strings.Join(p.Missing, "; "))
	}
}
