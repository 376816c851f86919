package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/engine/wazero"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/wasi"
	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/wasmopt"
)

// maxMemory is what a command may have.
const maxMemory = 4 << 30

// A program is a command of GOOS=wasip1, with the files and the environment of this process.
type program struct {
	file           string
	args           []string
	network        sockets.Config
	stdout, stderr io.Writer
}

// run runs the program and returns its exit code.
func (p *program) run(ctx context.Context) (code int, err error) {
	module, err := os.ReadFile(p.file)
	if err != nil {
		return 0, err
	}
	// Guests are made so.
	if module, _, err = wasmopt.Module(module); err != nil {
		return 0, err
	}
	// What was compiled before is not compiled again.
	cache := ""
	if dir, err := os.UserCacheDir(); err == nil {
		cache = filepath.Join(dir, "cofaas", "netstd")
	}
	eng, err := wazero.New(cache)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, eng.Close(ctx)) }()
	compiled, err := eng.Compile(ctx, filepath.Base(p.file), module, imports())
	if err != nil {
		return 0, err
	}
	network := sockets.New(p.network)
	defer func() { err = errors.Join(err, network.Close()) }()
	c := &command{news: make(chan struct{}, 1)}
	c.table = network.NewTable(c.notify)
	env, err := environment()
	if err != nil {
		return 0, err
	}
	if c.instance, err = compiled.Instantiate(ctx, engine.Config{
		Name: p.file, Args: p.args, Env: env, Mounts: []engine.Mount{{Guest: "/", FS: wazero.Folder("/")}},
		Stdout: p.stdout, Stderr: p.stderr, MaxMemory: maxMemory, State: c,
	}); err != nil {
		return 0, err
	}
	defer c.instance.Close()
	start := c.instance.Func("_start")
	if start == nil {
		return 0, fmt.Errorf("%s has no function _start: it is no command", p.file)
	}
	var exit *engine.ExitError
	if err := start.Call(nil); errors.As(err, &exit) {
		return int(exit.Code), nil
	} else if err != nil {
		return 0, err
	}
	return 0, nil
}

// environment is that of this process. A guest learns its working directory from it.
func environment() ([]string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "PWD=") })
	return append(env, "PWD="+dir), nil
}

// open is the policy of a process: all is allowed, and all listeners are the host's.
type open struct{}

func (open) Dial(string, string) error                              { return nil }
func (open) Lookup(string) error                                    { return nil }
func (open) Answered(string, []netip.Addr)                          {}
func (open) Listen(network, address string) (string, string, error) { return network, address, nil }

// command is a running program.
type command struct {
	instance engine.Instance
	table    *sockets.Table
	news     chan struct{} // that something may be ready
}

func (c *command) Bytes() []byte               { return c.instance.Memory() }
func (c *command) Sockets(bool) *sockets.Table { return c.table }

func (c *command) notify() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func imports() []engine.Import {
	return append(slices.Concat(wasi.Sockets(), wasi.Net()), engine.Import{
		Module: wasi.Module, Name: "poll_oneoff",
		Params: []abi.Core{abi.I32, abi.I32, abi.I32, abi.I32}, Results: []abi.Core{abi.I32},
		Func: func(state any, stack []uint64) error {
			errno, err := state.(*command).poll(uint32(stack[0]), uint32(stack[1]), uint32(stack[2]), uint32(stack[3]))
			stack[0] = uint64(errno)
			return err
		},
	})
}

// poll implements poll_oneoff, and waits in it: there is nothing else to do.
func (c *command) poll(in, out, n, count uint32) (sockets.Errno, error) {
	p, errno, err := wasi.NewPoll(c.Bytes(), in, out, n, count)
	if errno != 0 || err != nil {
		return errno, err
	}
	defer p.Done()
	clock, timeout := -1, time.Duration(0)
	for place := range p.Len() {
		s := p.At(place)
		if s.Tag != wasi.TagClock {
			continue
		}
		if s.Absolute {
			return sockets.ErrnoNotsup, nil // Go asks for none.
		}
		if d := time.Duration(s.Timeout); clock < 0 || d < timeout {
			clock, timeout = place, d
		}
	}
	if c.answer(&p) || clock >= 0 && timeout == 0 {
		return 0, nil
	}
	defer c.table.Disarm()
	for place := range p.Len() {
		if s := p.At(place); s.Tag != wasi.TagClock {
			c.table.Await(s.FD, s.Tag == wasi.TagWrite)
		}
	}
	var timer <-chan time.Time
	if clock >= 0 {
		timer = time.After(timeout)
	}
	for {
		select {
		case <-c.news:
			if c.answer(&p) {
				return 0, nil
			}
		case <-timer:
			p.Answer(clock, 0)
			return 0, nil
		}
	}
}

// answer answers the subscriptions of descriptors that are ready, or are none, and says whether there are any. Files always are.
func (c *command) answer(p *wasi.Poll) bool {
	for place := range p.Len() {
		s := p.At(place)
		switch {
		case s.Tag == wasi.TagClock:
		case !wasi.IsSocket(s.FD):
			p.Answer(place, 0)
		default:
			if ready, ok := c.table.Ready(s.FD, s.Tag == wasi.TagWrite); !ok {
				p.Answer(place, sockets.ErrnoBadf)
			} else if ready {
				p.Answer(place, 0)
			}
		}
	}
	return p.Answered() > 0
}
