package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sandbox"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// isolate is a process of a function, joined to the host by a channel. It is safe for concurrent use.
type isolate struct {
	fn      *function
	conn    *channel.Conn
	process *sandbox.Process
	// ctx ends with the isolate, and with it the calls that it has made.
	ctx    context.Context
	cancel context.CancelFunc
	// serves counts the calls that it is serving, calls those that it is making, and streams the streaming ones among both.
	serves, calls, streams atomic.Int64
	routes                 heldRoutes
	// joined are the isolates of other functions that it has a channel to. They are guarded by joining of the host.
	joined map[*function]*isolate
	// greeted is closed when it has said hello, and ready when it serves.
	greeted, ready       chan struct{}
	greetOnce, readyOnce sync.Once
	// down is closed when it cannot be called any more, removed when nobody does, and gone when its process has ended, because of err.
	down, removed, gone chan struct{}
	err                 error
}

const (
	// stopGrace is how long a process may go on that was told to stop, exitGrace how long one may take to end that has closed its channel,
	// and restGrace how long what a process has said may take to arrive when it has ended.
	stopGrace = 5 * time.Second
	exitGrace = time.Second
	restGrace = time.Second
)

// start starts an isolate, and returns when it serves.
func (n *native) start() (*isolate, error) {
	iso, err := n.startProcess()
	if err == nil {
		err = iso.untilReady(n.ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", n.fn.name, err)
	}
	n.fn.host.log.Debug("a process serves", "function", n.fn.name, "pid", iso.process.Pid(), "protections", iso.process.Applied, "missing", iso.process.Missing)
	return iso, nil
}

// startProcess starts the process of an isolate.
func (n *native) startProcess() (*isolate, error) {
	f := n.fn
	out, err := f.openOutputs()
	if err != nil {
		return nil, err
	}
	link, files, err := channel.Create(f.host.opts.channelKind())
	if err != nil {
		out.close()
		return nil, fmt.Errorf("no channel to its process: %w", err)
	}
	i := &isolate{fn: f, greeted: make(chan struct{}), ready: make(chan struct{}), down: make(chan struct{}), removed: make(chan struct{}), gone: make(chan struct{})}
	i.process, err = sandbox.Start(n.ctx, sandbox.Config{
		Function: f.name, Program: n.program, Args: f.args, Env: f.nativeEnv(), Files: files, Stdout: out.stdout.write, Stderr: out.stderr.write,
		MaxMemory: f.host.opts.MaxMemory, MaxFiles: f.host.opts.maxDescriptors(f.name), Mounts: f.nativeMounts(), Network: n.network, Strict: f.host.opts.Strict, Log: f.host.log,
	})
	for _, file := range files {
		_ = file.Close()
	}
	out.passedOn()
	if err != nil {
		_ = link.Close()
		out.close()
		return nil, err
	}
	i.ctx, i.cancel = context.WithCancel(context.Background())
	i.conn = channel.New(link, channel.Config{
		Serve: i.serve, Files: refuseFiles, MaxMessage: int(f.host.opts.MaxMessage), Waiting: f.host.opts.waiting(),
	})
	n.runs.Go(func() { i.watch(n.ctx, out) })
	return i, nil
}

// refuseFiles is what is done with files that an isolate sends.
func refuseFiles(_ []byte, files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// nativeEnv is the environment of the function's isolates.
func (f *function) nativeEnv() []string {
	// The operator's own settings come later and win.
	env := []string{fmt.Sprintf("GOMEMLIMIT=%d", f.host.opts.MaxMemory/4*3)}
	env = append(env, f.env...)
	return append(env, protocol.Variable+"="+f.host.opts.Channel)
}

// nativeMounts are the files of the host that the function's isolates see.
func (f *function) nativeMounts() []sandbox.Mount {
	var list []sandbox.Mount
	for _, m := range f.host.opts.Mounts[f.name] {
		list = append(list, sandbox.Mount{Path: m.Guest, Source: m.Host})
	}
	return list
}

// untilReady waits until the isolate serves. After an error it is gone.
func (i *isolate) untilReady(ctx context.Context) error {
	limit := i.fn.host.opts.StartTimeout
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var err error
	select {
	case <-i.ready:
		return nil
	case <-i.gone:
		if errors.Is(i.err, errReturned) {
			return errMainReturned
		}
		return fmt.Errorf("main: %w", i.err)
	case <-ctx.Done():
		err = errStopped
	case <-timer.C:
		err = i.tooLong(limit)
	}
	i.process.Kill()
	<-i.gone
	return err
}

// tooLong says what an isolate lacks that does not serve.
func (i *isolate) tooLong(limit time.Duration) error {
	select {
	case <-i.greeted:
		return fmt.Errorf("main does not serve: in %v it has not reached (*grpc.Server).Serve; -start-timeout gives it more time", limit)
	default:
		return fmt.Errorf("its program has not said hello to the host in %v: it is no native isolate, or is busy before main; "+
			"generate it again with the cofaas-gen of this host's version, or give it more time with -start-timeout", limit)
	}
}

// watch waits for the end of the isolate, and ends what others have to do with it. It ends the isolate when ctx is done.
func (i *isolate) watch(ctx context.Context, out *outputs) {
	select {
	case <-i.conn.Done():
		close(i.down)
		waitAtMost(exitGrace, i.process.Done())
	case <-i.process.Done():
		close(i.down)
		// What it has said before is still good.
		waitAtMost(restGrace, i.conn.Done())
	case <-ctx.Done():
		_ = i.process.Signal(syscall.SIGTERM) // it may have ended
		waitAtMost(stopGrace, i.process.Done())
		close(i.down)
	}
	_ = i.conn.Close()
	i.process.Kill()
	exit, err := i.process.Wait()
	i.cancel()
	i.fn.routes.releaseAll(&i.routes)
	out.end()
	if i.err = err; err == nil {
		i.err = exitError(exit)
	}
	close(i.gone)
}

// waitAtMost waits until one of two things happens.
func waitAtMost(d time.Duration, done <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// processError is a process that ended otherwise than by exiting with a code.
type processError struct{ reason string }

func (e *processError) Error() string { return e.reason }

// errReturned is the end of a process that did not fail.
var errReturned = &processError{"guest exited with code 0 (its main returned, or os.Exit)"}

// exitError is the error of whoever needs a process that has ended.
func exitError(exit sandbox.Exit) error {
	switch {
	case exit.Signal != "":
		return &processError{"guest was ended by a signal: " + exit.Signal}
	case exit.Code == 0:
		return errReturned
	default:
		return &engine.ExitError{Code: uint32(exit.Code)}
	}
}
