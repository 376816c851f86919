package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/cofaas/cofaas/host/internal/sandbox/broker"
	"github.com/cofaas/cofaas/host/internal/sandbox/filter"
	"github.com/cofaas/cofaas/host/internal/sandbox/launch"
)

// held is what there is of a process while it runs.
type held struct {
	group  *group
	broker *broker.Broker
}

// start starts this program once more, which becomes the isolate's, see package launch.
func (p *Process) start(cfg *Config) (err error) {
	l := &starter{p: p, cfg: cfg}
	if l.host, l.child, err = orderSockets(); err != nil {
		return err
	}
	defer l.host.Close()
	defer l.child.Close()
	// It is not missed: limits bound what a process does by itself.
	if p.held.group == nil {
		p.held.group, err = newGroup(cfg)
	}
	if err != nil && cfg.Log != nil {
		cfg.Log.Debug("the isolate has no control group", "function", cfg.Function, "reason", err)
	}
	if err := l.spawn(); err != nil {
		p.held.group.remove()
		return err
	}
	if err := l.instruct(); err != nil {
		return l.failed(err)
	}
	return nil
}

// failed ends the process, and returns why it is not the program.
func (l *starter) failed(err error) error {
	l.p.Kill()
	if waited := l.p.wait(); waited != nil {
		return errors.Join(err, waited)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) {
		return fmt.Errorf("what was to become it ended early: %v", l.p.exit)
	}
	return err
}

// starter is what is needed for a start only.
type starter struct {
	p           *Process
	cfg         *Config
	host, child *os.File // the ends of the socket for orders
	namespaces  bool
}

func orderSockets() (host, child *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	return os.NewFile(uintptr(fds[0]), "orders"), os.NewFile(uintptr(fds[1]), "orders"), nil
}

// namespaces are those of an isolate. That of processes has it end with all that it may have started.
const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWPID

// spawn starts the process: in namespaces and a control group of its own, if that can be.
func (l *starter) spawn() error {
	attempts := []bool{true, false}
	var reason error
	if withoutNamespaces {
		attempts, reason = attempts[1:], errors.ErrUnsupported
	}
	for _, l.namespaces = range attempts {
		err := l.attempt()
		if err != nil && l.p.held.group != nil {
			l.p.held.group.remove()
			l.p.held.group = nil
			err = l.attempt()
		}
		if err == nil {
			break
		}
		if !l.namespaces {
			return err
		}
		reason = err
	}
	if l.namespaces {
		l.p.Applied = append(l.p.Applied, "namespaces of users, files, network, processes, IPC and names")
	} else {
		l.p.Missing = append(l.p.Missing, fmt.Sprintf("namespaces of users, files, network, processes, IPC and names: %v", reason))
	}
	if l.p.held.group != nil {
		l.p.Applied = append(l.p.Applied, "control group")
	}
	return nil
}

// withoutNamespaces is for tests of systems that have none.
var withoutNamespaces bool

func (l *starter) attempt() error {
	l.p.cmd = l.command()
	if l.namespaces {
		l.p.cmd.SysProcAttr.Cloneflags = namespaces
		mapUsers(l.p.cmd.SysProcAttr)
	}
	return l.p.cmd.Start()
}

// command is this program's.
func (l *starter) command() *exec.Cmd {
	cmd := l.cfg.command("/proc/self/exe", launch.Argument)
	keep := 3 + len(l.cfg.Files)
	cmd.Env = []string{fmt.Sprintf("%s=%d", launch.Variable, keep)}
	cmd.ExtraFiles = append(slices.Clone(l.cfg.Files), l.child, l.cfg.Program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	l.p.held.group.join(cmd.SysProcAttr)
	return cmd
}

// nobody is the user that has nothing, on all systems, and firstUser the first of numbers that nobody has.
const (
	nobody    = 65534
	firstUser = 0x60000000
)

// mapUsers says who the users of the namespace are. A user is itself. Root is needed until the process becomes nobody.
func mapUsers(attr *syscall.SysProcAttr) {
	uid, gid := os.Geteuid(), os.Getegid()
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	if uid == 0 {
		attr.UidMappings = append(attr.UidMappings, syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1})
		attr.GidMappings = append(attr.GidMappings, syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1})
		attr.GidMappingsEnableSetgroups = true
		return
	}
	attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP}
}

// instruct tells the process what to do, and returns when it has become the program.
func (l *starter) instruct() error {
	if err := l.child.Close(); err != nil {
		return err
	}
	if err := l.prepare(); err != nil {
		return err
	}
	return l.execute()
}

// prepare tells the process what to do, and returns when all is done but that the process becomes the program.
func (l *starter) prepare() error {
	if err := launch.Send(l.host, l.orders()); err != nil {
		return err
	}
	first, err := l.report()
	if err != nil {
		return err
	}
	f, err := l.filter(first.Program)
	if err != nil {
		return err
	}
	if err := launch.Send(l.host, f); err != nil {
		return err
	}
	second, err := l.report()
	if err != nil {
		return err
	}
	if l.cfg.Strict && len(l.p.Missing) > 0 {
		return fmt.Errorf("protections are missing, and -strict refuses to do without: %s", strings.Join(l.p.Missing, "; "))
	}
	if f.Notify {
		if l.p.held.broker, err = broker.Start(l.cfg.Network, l.p.Pid(), second.Listener, l.namespaces); err != nil {
			return err
		}
	}
	return nil
}

// execute has the process become the program.
func (l *starter) execute() error {
	if err := launch.Send(l.host, struct{}{}); err != nil {
		return err
	}
	if _, err := l.report(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// filter is what the process is to be filtered by, the descriptor of whose executable is known.
func (l *starter) filter(program int) (f launch.Filter, err error) {
	if f.Notify = l.cfg.Network != nil; f.Notify {
		if err := broker.Available(); err != nil {
			l.p.Missing = append(l.p.Missing, fmt.Sprintf("a network that is more than none: %v", err))
			f.Notify = false
		}
	}
	f.Program, err = filter.New(filter.Config{Pid: l.pid(), Program: program, Notify: f.Notify, Names: f.Notify && l.cfg.Network.Listens()})
	if errors.Is(err, errors.ErrUnsupported) {
		l.p.Missing = append(l.p.Missing, fmt.Sprintf("seccomp: %v", err))
		if !l.namespaces {
			l.p.Missing = append(l.p.Missing, "what keeps the function from the network: "+err.Error())
		}
		return launch.Filter{}, nil
	}
	l.p.Applied = append(l.p.Applied, "seccomp")
	return f, err
}

// report returns what the process says next, io.EOF when it has become the program.
func (l *starter) report() (launch.Report, error) {
	var r launch.Report
	if err := launch.Receive(l.host, &r); err != nil {
		return r, err
	}
	if r.Error != "" {
		return r, errors.New(r.Error)
	}
	l.p.Applied, l.p.Missing = append(l.p.Applied, r.Applied...), append(l.p.Missing, r.Missing...)
	return r, nil
}

// pid is the number of the process as it sees it.
func (l *starter) pid() int {
	if l.namespaces {
		return 1 // the first of its namespace
	}
	return l.p.Pid()
}

func (l *starter) orders() launch.Orders {
	cfg := l.cfg
	keep := 3 + len(cfg.Files)
	o := launch.Orders{
		Args: append([]string{cfg.Function}, cfg.Args...), Program: keep + 1, Keep: keep, Namespaces: l.namespaces,
		MaxFiles: orDefault(cfg.MaxFiles, defaultFiles), Limits: limits(cfg),
	}
	if os.Geteuid() == 0 {
		switch {
		case l.namespaces:
			o.User, o.Fallback = nobody, nobody
		case canTrace():
			o.User, o.Fallback = firstUser+l.p.Pid(), nobody
		default:
			l.p.Missing = append(l.p.Missing, "user of its own: the host has not the capability to look at processes of others, and the network is brokered by that")
		}
	}
	l.grant(&o)
	return o
}

// limits are those of an isolate.
func limits(cfg *Config) []launch.Limit {
	list := []launch.Limit{
		{Name: "processes", Resource: unix.RLIMIT_NPROC, Value: uint64(orDefault(cfg.MaxProcesses, defaultProcesses))},
		{Name: "core files", Resource: unix.RLIMIT_CORE},
		{Name: "locked memory", Resource: unix.RLIMIT_MEMLOCK, Value: 64 << 10},
		{Name: "message queues", Resource: unix.RLIMIT_MSGQUEUE},
	}
	if cfg.MaxMemory > 0 {
		// What the runtime has besides the heap, and what it has reserved, is more than for a guest.
		list = append(list, launch.Limit{Name: "memory", Resource: unix.RLIMIT_DATA, Value: cfg.MaxMemory + memoryBeside})
	}
	return list
}

// memoryBeside is what a program has of memory that it may write besides what it has asked for, in bytes.
const memoryBeside = 64 << 20

func orDefault(n, def int) int {
	if n > 0 {
		return n
	}
	return def
}

// canTrace says whether this process may look at those of other users.
func canTrace() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_PTRACE) != 0
}

// release gives back what there was while the process ran.
func (p *Process) release() {
	if p.held.broker != nil {
		p.held.broker.Close()
	}
	p.held.group.remove()
}
