//go:build amd64 || arm64

package filter

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// decide runs a filter as the kernel does, but that words are as this machine of package bpf reads them.
func decide(t *testing.T, c Config, architecture, number uint32, args ...uint64) uint32 {
	t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data, number)
	binary.BigEndian.PutUint32(data[offsetArch:], architecture)
	for i, arg := range args {
		binary.BigEndian.PutUint32(data[offsetArgs+8*i:], uint32(arg))
		binary.BigEndian.PutUint32(data[offsetArgs+8*i+4:], uint32(arg>>32))
	}
	vm, err := bpf.NewVM(c.instructions())
	if err != nil {
		t.Fatal(err)
	}
	result, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(result)
}

func TestNew(t *testing.T) {
	c := Config{Pid: 7, Program: 1024, Notify: true}
	refuse := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
	const ok, ask = unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_USER_NOTIF
	for _, test := range []struct {
		name   string
		number uint32
		args   []uint64
		want   uint32
	}{
		{"read", unix.SYS_READ, nil, ok},
		{"wait", unix.SYS_FUTEX, []uint64{0, 0}, ok},
		{"wake", unix.SYS_FUTEX, []uint64{0, 1}, ok},
		{"wait until a time", unix.SYS_FUTEX, []uint64{0, 9}, ok},
		{"requeue", unix.SYS_FUTEX, []uint64{0, 3}, refuse(unix.ENOSYS)},
		{"compare and requeue", unix.SYS_FUTEX, []uint64{0, 4}, refuse(unix.ENOSYS)},
		{"wait by another clock and requeue", unix.SYS_FUTEX, []uint64{0, 3 | 0x100}, refuse(unix.ENOSYS)},
		{"requeue what is private", unix.SYS_FUTEX, []uint64{0, 3 | 0x80}, ok},
		{"signal itself", unix.SYS_KILL, []uint64{7}, ok},
		{"signal another", unix.SYS_KILL, []uint64{8}, refuse(unix.EPERM)},
		{"signal all", unix.SYS_KILL, []uint64{^uint64(0)}, refuse(unix.EPERM)},
		{"thread", unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_THREAD | unix.CLONE_SIGHAND}, ok},
		{"process", unix.SYS_CLONE, []uint64{uint64(unix.SIGCHLD)}, refuse(unix.EPERM)},
		{"thread in a namespace", unix.SYS_CLONE, []uint64{unix.CLONE_THREAD | unix.CLONE_NEWUSER}, refuse(unix.EPERM)},
		{"the program", unix.SYS_EXECVEAT, []uint64{1024}, ok},
		{"another program", unix.SYS_EXECVEAT, []uint64{3}, refuse(unix.EPERM)},
		{"map", unix.SYS_MMAP, []uint64{0, 0, 0, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}, ok},
		{"map a file", unix.SYS_MMAP, []uint64{0, 0, 0, unix.MAP_SHARED}, ok},
		{"map what is shared", unix.SYS_MMAP, []uint64{0, 0, 0, unix.MAP_SHARED | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE}, refuse(unix.ENOMEM)},
		{"send", unix.SYS_SENDTO, []uint64{3, 0, 0, 0, 0}, ok},
		{"send to", unix.SYS_SENDTO, []uint64{3, 0, 0, 0, 0x1000}, ask},
		{"send to far away", unix.SYS_SENDTO, []uint64{3, 0, 0, 0, 1 << 32}, ask},
		{"connect", unix.SYS_CONNECT, nil, ask},
		{"name", unix.SYS_GETSOCKNAME, nil, ok},
		{"TCP", unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_STREAM | unix.SOCK_CLOEXEC, 0}, ok},
		{"UDP", unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDP}, ok},
		{"raw", unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_UDP}, refuse(unix.EPERM)},
		{"ping", unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, refuse(unix.EPROTONOSUPPORT)},
		{"Unix", unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET, 0}, ok},
		{"route", unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, ok},
		{"xfrm", unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_XFRM}, refuse(unix.EAFNOSUPPORT)},
		{"no delay", unix.SYS_SETSOCKOPT, []uint64{3, unix.IPPROTO_TCP, unix.TCP_NODELAY}, ok},
		{"repair", unix.SYS_SETSOCKOPT, []uint64{3, unix.IPPROTO_TCP, unix.TCP_REPAIR}, refuse(unix.ENOPROTOOPT)},
		{"chmod", unix.SYS_FCHMODAT, nil, refuse(unix.EROFS)},
		{"unknown", 9999, nil, refuse(unix.ENOSYS)},
	} {
		if got := decide(t, c, arch, test.number, test.args...); got != test.want {
			t.Errorf("%s: got %#x, want %#x", test.name, got, test.want)
		}
	}
	if got := decide(t, c, unix.AUDIT_ARCH_I386, unix.SYS_READ); got != unix.SECCOMP_RET_KILL_PROCESS {
		t.Errorf("another architecture: got %#x", got)
	}
	c.Names = true
	if got := decide(t, c, arch, unix.SYS_GETSOCKNAME); got != ask {
		t.Errorf("name: got %#x", got)
	}
	c.Notify = false
	for _, number := range []uint32{unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_SENDMSG} {
		if got := decide(t, c, arch, number); got != refuse(unix.EACCES) {
			t.Errorf("%d without anybody to ask: got %#x", number, got)
		}
	}
}

// No call is on two lists: the first would decide, and the second mislead.
func TestLists(t *testing.T) {
	all := slices.Concat(allowed, refused, unchangeable)
	for _, r := range (Config{}).rules() {
		all = append(all, r.number)
	}
	slices.Sort(all)
	for i := range len(all) - 1 {
		if all[i] == all[i+1] {
			t.Errorf("system call %d is on two lists", all[i])
		}
	}
}
